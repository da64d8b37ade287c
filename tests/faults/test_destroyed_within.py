"""On the embedded defaults, as `make run` starts them: a destroyed device's files are gone within half a minute."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults import sending
from tests.faults.deaths import status_of
from tests.faults.procfile import Part, running
from tests.faults.sending import Call, media_in
from tests.installation import Installation, Web
from tests.media_files import jpeg, png

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

GONE_SECONDS = 30


@pytest.fixture
def defaults(tmp_path: Path) -> Installation:
    """With nothing configured, but where it may write."""
    installation = Installation(var=tmp_path, env={})
    installation.migrate()
    return installation


@pytest.fixture
def everything(defaults: Installation) -> Iterator[Web]:
    """The three processes of the Procfile."""
    with defaults.web() as web, running(Part("worker", defaults, {}), Part("beat", defaults, {})):
        yield web


class TestDestroyedDevice:
    def test_has_no_files_after_thirty_seconds_and_its_account_says_done(
        self, defaults: Installation, everything: Web, record_property: Callable[[str, object], None]
    ) -> None:
        contents = (jpeg(), png(), jpeg(shade=9))
        media = [media_in(sending.base64_message(defaults, content).at(everything)) for content in contents]
        blobs = defaults.var / "media" / "blobs"
        assert len(files_in(blobs)) == len(contents)
        path = f"/v1/devices/{defaults.device_id}"
        assert status_of(Call(method="DELETE", path=path, key=defaults.key), everything) == 204
        begun_at = time.monotonic()
        assert status_of(sending.download(defaults, media[0]["media_path"]), everything) == 404
        while files_in(blobs):
            assert time.monotonic() - begun_at < GONE_SECONDS, "the files are still there"
            time.sleep(0.1)
        record_property("summary", f"gone after {time.monotonic() - begun_at:.0f} s")
        assert [folder for folder in blobs.iterdir() if folder.is_dir()] == [], "an empty folder is left"
        account = wait_for_account(Call(method="GET", path=f"{path}/destruction", key=defaults.key), everything)
        assert account["status"] == "done"
        assert (account["media"], account["media_left"], account["objects_left"]) == (len(contents), 0, 0)
        assert account["bytes"] == sum(map(len, contents))


def wait_for_account(call: Call, web: Web) -> dict[str, object]:
    """What it says once it is done: the rows of objects go a moment after the files."""
    deadline = time.monotonic() + GONE_SECONDS
    while True:
        answer = call.at(web)
        assert answer is not None
        if answer.document["status"] == "done" or time.monotonic() > deadline:
            return dict(answer.document)
        time.sleep(0.1)


def files_in(folder: Path) -> list[Path]:
    """All but the store's mark."""
    return [path for path in folder.rglob("*") if path.is_file() and path.name != ".mediahub"]
