"""Fifty sources that do not answer, and one that does: nobody waits for another app's."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.faults.sending import Answer, Call
from tests.installation import Installation, Web
from tests.live import celery_worker
from tests.media_files import jpeg
from tests.sources import Source, source_running

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

SLOW = 50
# A fast source of another app is there within this time, however many slow ones there are.
PATIENCE_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class House:
    """A running installation that may fetch from `source`."""

    installed: Installation
    web: Web
    source: Source

    def call(self, method: str, path: str, *, key: str, body: bytes = b"") -> Answer:
        answer = Call(method=method, path=path, key=key, body=body).at(self.web)
        assert answer is not None
        return answer

    def upload(self, url: str, *, key: str) -> str:
        answer = self.call("POST", "/v1/media", key=key, body=b'{"url": "%s"}' % url.encode())
        assert answer.status == 202, answer.document
        return str(answer.document["id"])

    def status(self, media_id: str, *, key: str) -> str:
        return str(self.call("GET", f"/v1/media/{media_id}", key=key).document["status"])

    def until(self, media_id: str, *, key: str, seconds: float) -> float:
        """How long it took to be ready."""
        began = time.monotonic()
        while self.status(media_id, key=key) != "ready":
            assert time.monotonic() - began < seconds, "not ready in time"
            time.sleep(0.05)
        return time.monotonic() - began

    def slow_ones_asked(self) -> int:
        return len([path for path in self.source.asked if path.startswith("/slow")])

    def until_asked(self, count: int) -> None:
        began = time.monotonic()
        while self.slow_ones_asked() < count:
            assert time.monotonic() - began < PATIENCE_SECONDS, f"{self.slow_ones_asked()} of {count} were asked"
            time.sleep(0.05)


@pytest.fixture
def house(installed: Installation) -> Iterator[House]:
    with source_running() as source:
        allowed = {"FETCH_ALLOW": source.origin, "WORKER_CONCURRENCY": "18"}
        worker = celery_worker(var=installed.var, env=installed.env, **allowed)
        with installed.web(WEB_CONCURRENCY="1", **allowed) as web, worker:
            yield House(installed=installed, web=web, source=source)


def test_fifty_slow_sources_hold_up_no_other_app(house: House, record_property: Callable[[str, object], None]) -> None:
    alice = house.installed.key
    bob = house.installed.another_key("bob")
    for number in range(SLOW):
        house.upload(house.source.has(f"/slow/{number}", jpeg(shade=number), held=True), key=alice)
    fast = house.upload(house.source.has("/fast", jpeg()), key=bob)
    took = house.until(fast, key=bob, seconds=PATIENCE_SECONDS)
    # Half of the worker's eight places for fetching and no more are with alice's sources; those that were claimed
    # before the fast one may have been asked after it.
    house.until_asked(4)
    assert house.slow_ones_asked() == 4
    record_property("summary", f"a fast source beside {SLOW} slow ones of another app: {took:.2f} s")
    house.source.release()
