"""A store that can be made to take no object, whether it is a bucket or a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from tests.faults.fault_proxy import Proxy, refusing
from tests.installation import Installation


class Breakable:
    """The store of an installation, marked and readable; while it is `broken` it takes no object."""

    def __init__(self, installed: Installation, proxy: Proxy | None) -> None:
        self._folder = installed.var / "media" / "blobs" / UUID(installed.app_id).hex
        self._proxy = proxy
        # What a server must be told to meet it.
        self.env = {"AWS_ENDPOINT_URL": proxy.url} if proxy else {}

    @contextmanager
    def broken(self) -> Iterator[None]:
        """Until the block ends."""
        if self._proxy:
            with self._proxy.failing(refusing(403, "AccessDenied")):
                yield
            return
        kept = self._folder.parent.parent / "kept"
        self._folder.mkdir(exist_ok=True)
        self._folder.rename(kept)
        self._folder.touch()
        try:
            yield
        finally:
            self._folder.unlink()
            kept.rename(self._folder)
