"""Workers killed every two seconds and Redis flushed, while media come in, expire, and a device is destroyed."""

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import cycle
from typing import Any
from uuid import UUID

import pytest
import redis

from tests.faults import sending
from tests.faults.deaths import status_of
from tests.faults.estates import Estate, Sender
from tests.faults.operators import Operator
from tests.faults.procfile import Part, running
from tests.faults.rows import Rows
from tests.faults.sending import SOURCES, Call, media_in
from tests.faults.witness import Witness
from tests.installation import Installation, Web

pytestmark = [pytest.mark.faults, pytest.mark.services, pytest.mark.timeout(400)]

UPLOADS = 200
# So that they last for eight kills and more.
UPLOADS_A_SECOND = 12
# Of those that expire meanwhile.
OWN_BYTES = 60
COPIES = 300
EXPIRING_AT_ONCE = 8
ON_DEVICE = 30
KILL_SECONDS = 2
# A killed worker's lease ends after a minute, and then another does its work.
SETTLED_SECONDS = 150
EAGER = {
    "PURGE_INTERVAL_SECONDS": "1",
    "COLLECT_INTERVAL_SECONDS": "1",
    "DESTRUCTION_INTERVAL_SECONDS": "2",
    "RELEASE_GRACE_SECONDS": "0",
    "WORKER_CONCURRENCY": "4",
}


@pytest.fixture(scope="module")
def installed(on_services: Installation) -> Installation:
    """Over the real services only."""
    return on_services


@contextmanager
def in_background(work: Callable[[], object], *, every: float) -> Iterator[None]:
    """Do it over and over until the block ends; what went wrong is raised then."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(every):
            work()

    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(go_on)
        try:
            yield
        finally:
            over.set()
            worker.result()


def kill_by_turns(workers: Sequence[Part], *, until: "Future[Any]") -> int:
    """Kill one and start it again, every two seconds; answers how often.

    In the main thread, always: a process that is to die with its parent dies with the thread that started it.
    """
    for kills, worker in enumerate(cycle(workers)):
        if wait([until], timeout=KILL_SECONDS).done:
            return kills
        worker.kill()
        worker.start_again()
    return 0


def upload_all(calls: list[Call], web: Web) -> list[dict[str, Any]]:
    """Four at a time, and no faster than so many a second; every one of them is taken in."""
    begun_at = time.monotonic()

    def upload(number: int) -> dict[str, Any]:
        time.sleep(max(0.0, begun_at + number / UPLOADS_A_SECOND - time.monotonic()))
        return media_in(calls[number].at(web))

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(upload, range(len(calls))))


def others_of(estate: Estate, operator: Operator) -> list[dict[str, Any]]:
    """What is to expire: some with bytes of their own, many that share theirs."""
    for _ in range(OWN_BYTES):
        estate.going.append(media_in(sending.raw_upload(estate.tenant, secrets.token_bytes(900)).at(estate.web)))
    operator.does("multiply", media_id=estate.going[0]["id"], count=COPIES, in_days=30)
    kept = {UUID(media["id"]) for media in (*estate.staying, estate.held)}
    rows = estate.witness.rows("SELECT id FROM media_store_media WHERE app_id = ?", estate.app_id)
    return [{"id": str(media_id)} for (media_id,) in rows if media_id not in kept]


def doomed_device_of(estate: Estate) -> Sender:
    """A phone with media of its own."""
    body = json.dumps({"name": "doomed"}).encode()
    answer = Call(method="POST", path="/v1/devices", key=estate.tenant.key, body=body).at(estate.web)
    assert answer is not None
    device = Sender(key=estate.tenant.key, device_id=answer.document["id"])
    for _ in range(ON_DEVICE):
        media_in(sending.base64_message(device, secrets.token_bytes(900)).at(estate.web))
    return device


def wait_until_settled(estate: Estate, parts: Sequence[Part]) -> None:
    """Only the held media has expired and has its bytes, and no device is marked."""
    expired = "SELECT count(*) FROM media_store_media WHERE status = 'ready' AND expires_at < ?"
    marked = "SELECT count(*) FROM devices_device WHERE destroyed_at IS NOT NULL"
    deadline = time.monotonic() + SETTLED_SECONDS
    while (left := (estate.witness.rows(expired, datetime.now(UTC)), estate.witness.rows(marked))) != (
        [(1,)],
        [(0,)],
    ):
        assert time.monotonic() < deadline, f"left: {left}; {[part.log.read_text()[-1500:] for part in parts]}"
        time.sleep(0.5)


class TestEverythingAtOnce:
    def test_ends_with_every_media_ready_or_purged_once(
        self,
        installed: Installation,
        estate: Estate,
        operator: Operator,
        witness: Witness,
        healthy: Web,
        record_property: Callable[[str, object], None],
    ) -> None:
        contents = [secrets.token_bytes(2_000) for _ in range(UPLOADS // 2)] * 2
        sources = cycle(SOURCES.values())
        calls = [source(estate.tenant, content) for source, content in zip(sources, contents, strict=False)]
        others, doomed = others_of(estate, operator), doomed_device_of(estate)
        waiting = list(others)
        workers = [Part("worker", installed, EAGER, number=number) for number in (1, 2)]

        def story() -> list[dict[str, Any]]:
            uploaded = upload_all(calls[: UPLOADS // 2], healthy)
            redis.Redis.from_url(installed.own_env["REDIS_URL"]).flushdb()
            destroy(doomed, healthy)
            return uploaded + upload_all(calls[UPLOADS // 2 :], healthy)

        with running(*workers, Part("beat", installed, EAGER)):
            with (
                ThreadPoolExecutor(1) as pool,
                in_background(lambda: estate.expire(*take(waiting, EXPIRING_AT_ONCE)), every=0.4),
            ):
                told = pool.submit(story)
                kills = kill_by_turns(workers, until=told)
            uploaded = told.result()
            estate.expire(*waiting)
            wait_until_settled(estate, workers)
        runs = witness.rows("SELECT outcome, rows FROM media_store_purgerun WHERE work = 'purge' AND by = 'beat'")
        operator.does("recover")
        witness.check()
        self._media_are_as_they_should_be(estate, others, uploaded, contents)
        self._nothing_was_done_twice(estate, len(others), runs)
        assert kills >= 6
        record_property("summary", f"{kills} kills, {len(runs)} purges by beat, {len(uploaded)} uploads")

    def _media_are_as_they_should_be(
        self,
        estate: Estate,
        others: list[dict[str, Any]],
        uploaded: list[dict[str, Any]],
        contents: list[bytes],
    ) -> None:
        assert len({media["id"] for media in uploaded}) == UPLOADS
        estate.assert_readable(
            *({**media, "content": content} for media, content in zip(uploaded, contents, strict=True))
        )
        estate.assert_readable(*estate.staying)
        estate.assert_out_of_reach()
        estate.assert_held_is_whole()
        rows = estate.witness.rows("SELECT status, reason FROM media_store_media WHERE app_id = ?", estate.app_id)
        kept = UPLOADS + len(estate.staying) + 1
        assert Counter(rows) == {("ready", ""): kept, ("purged", "retention"): len(others)}

    def _nothing_was_done_twice(self, estate: Estate, expired: int, runs: Rows) -> None:
        taken = [rows for _, rows in runs]
        assert 0 < sum(taken) <= expired
        census = estate.census()
        assert census["objects"] == UPLOADS // 2 + 2
        assert census["notes"] == {}
        assert sum(census["destroyed"].values()) == ON_DEVICE
        assert census["trail"] == {"('hold_set',)": 1, "('device_destroyed',)": 1, "('device_cleared',)": 1}


def take(waiting: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    taken = waiting[:count]
    del waiting[:count]
    return taken


def destroy(device: Sender, web: Web) -> None:
    call = Call(method="DELETE", path=f"/v1/devices/{device.device_id}", key=device.key)
    assert status_of(call, web) == 204
