"""Fetches of URLs whose process is killed at every moment, and whose workers and broker are lost again and again."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from redis import Redis

from tests.faults import moments
from tests.faults.sending import Call
from tests.faults.witness import Witness
from tests.installation import ROOT, Installation, Web
from tests.live import celery_worker
from tests.media_files import jpeg
from tests.sources import Source, source_running

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

FETCH = """
import django
django.setup()
from datetime import timedelta
from django.utils import timezone
from media_store import ingest
now = timezone.now() + timedelta(hours={hours})
media = ingest.claim(now=now)
print(ingest.fetch(media, now=now) if media else "nothing")
"""
UPLOADS = 200
CHAOS_SECONDS = 40
PATIENCE_SECONDS = 120


@pytest.fixture
def source() -> Iterator[Source]:
    with source_running() as source:
        yield source


def fetch(installed: Installation, source: Source, *, hours: int = 0, **env: str) -> str:
    """Claim and fetch in a process of its own; what it says, or its death."""
    done = subprocess.run(
        [sys.executable, "-c", FETCH.format(hours=hours)],
        cwd=ROOT,
        env={**installed.env, "DJANGO_SETTINGS_MODULE": "mediahub.settings", "FETCH_ALLOW": source.origin, **env},
        check=False,
        capture_output=True,
        text=True,
    )
    return "killed" if done.returncode in (-signal.SIGKILL, 70) else done.stdout.strip() or done.stderr


def announce(installed: Installation, web: Web, url: str) -> str:
    body = b'{"url": "%s"}' % url.encode()
    answer = Call(method="POST", path="/v1/media", key=installed.key, body=body).at(web)
    assert answer is not None
    assert answer.status == 202, answer.document
    return str(answer.document["id"])


class TestAKill:
    @pytest.mark.parametrize("death", ["kill", "exit"])
    @pytest.mark.parametrize("moment", moments.FETCHING)
    def test_in_the_middle_of_a_fetch_loses_and_leaves_nothing(
        self, installed: Installation, source: Source, witness: Witness, moment: str, death: str
    ) -> None:
        content = jpeg() + secrets.token_bytes(1_000)
        with installed.web(WEB_CONCURRENCY="1", FETCH_ALLOW=source.origin) as web:
            media_id = announce(installed, web, source.has(f"/{moment}/{death}", content))
            assert fetch(installed, source, FAILPOINTS=f"{moment}={death}") == "killed"
            witness.check()
            # Somebody takes up what the dead one held, once its claim has run out.
            expected = "nothing" if moment == "ingest.committed" else "ready"
            assert fetch(installed, source, hours=1) == expected
            witness.check()
            answer = Call(method="GET", path=f"/v1/media/{media_id}/content", key=installed.key).at(web)
            assert answer is not None
            assert (answer.status, answer.document) == (200, content)
        assert witness.ready_media_of(content) == 1

    @pytest.mark.parametrize("moment", moments.KNOWN_BYTES)
    def test_where_the_app_has_the_bytes_is_no_different(
        self, installed: Installation, source: Source, witness: Witness, moment: str
    ) -> None:
        content = jpeg() + secrets.token_bytes(1_000)
        with installed.web(WEB_CONCURRENCY="1", FETCH_ALLOW=source.origin) as web:
            announce(installed, web, source.has(f"/{moment}/first", content))
            assert fetch(installed, source, hours=1) == "ready"
            announce(installed, web, source.has(f"/{moment}/second", content))
            assert fetch(installed, source, FAILPOINTS=f"{moment}=kill") == "killed"
            assert fetch(installed, source, hours=1) == "ready"
        witness.check()
        assert witness.ready_media_of(content) == 2
        assert witness.states_of(content) == ["ready"]

    @pytest.mark.parametrize("moment", moments.ANNOUNCING[:2])
    def test_before_the_answer_leaves_no_row(
        self, installed: Installation, source: Source, witness: Witness, moment: str
    ) -> None:
        before = witness.rows("SELECT count(*) FROM media_store_media")
        with installed.web(WEB_CONCURRENCY="1", FETCH_ALLOW=source.origin, FAILPOINTS=f"{moment}=kill") as web:
            body = b'{"url": "%s"}' % source.has("/a", jpeg()).encode()
            assert Call(method="POST", path="/v1/media", key=installed.key, body=body).at(web) is None
        assert witness.rows("SELECT count(*) FROM media_store_media") == before

    def test_after_the_answer_was_due_leaves_a_row_that_is_fetched(
        self, installed: Installation, source: Source, witness: Witness
    ) -> None:
        content = jpeg() + secrets.token_bytes(1_000)
        moment = moments.ANNOUNCING[-1]
        with installed.web(WEB_CONCURRENCY="1", FETCH_ALLOW=source.origin, FAILPOINTS=f"{moment}=kill") as web:
            body = b'{"url": "%s"}' % source.has("/a", content).encode()
            assert Call(method="POST", path="/v1/media", key=installed.key, body=body).at(web) is None
        assert fetch(installed, source, hours=1) == "ready"
        assert witness.ready_media_of(content) == 1

    def test_of_whoever_writes_that_it_failed_or_asks_again_loses_nothing(
        self, installed: Installation, source: Source, witness: Witness
    ) -> None:
        content = jpeg() + secrets.token_bytes(1_000)
        with installed.web(WEB_CONCURRENCY="1", FETCH_ALLOW=source.origin) as web:
            media_id = announce(installed, web, source.has("/late", status=404))
            assert fetch(installed, source, FAILPOINTS=f"{moments.FETCH_FAILED}=kill") == "killed"
            assert fetch(installed, source, hours=1) == "nothing"
        source.has("/late", content)
        again = Call(method="POST", path=f"/v1/media/{media_id}/refetch", key=installed.key)
        with installed.web(WEB_CONCURRENCY="1", FETCH_ALLOW=source.origin, FAILPOINTS=f"{moments.REFETCH}=kill") as web:
            assert again.at(web) is None
        assert fetch(installed, source, hours=1) == "ready"
        assert witness.ready_media_of(content) == 1


@contextmanager
def a_short_life(installed: Installation, source: Source) -> Iterator[None]:
    env = {"FETCH_ALLOW": source.origin, "FETCH_DEADLINE_SECONDS": "5", "WORKER_CONCURRENCY": "14"}
    with celery_worker(var=installed.var, env=installed.env, **env) as process:
        yield
        os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.services
def test_two_hundred_survive_workers_killed_and_redis_flushed(
    on_services: Installation, source: Source, record_property: Callable[[str, object], None]
) -> None:
    installed = on_services
    witness = Witness(installation=installed)
    contents = [jpeg(shade=number % 200) + secrets.token_bytes(500) for number in range(UPLOADS)]
    kills = 0
    with installed.web(WEB_CONCURRENCY="1", FETCH_ALLOW=source.origin) as web:
        for number, content in enumerate(contents):
            bad = {"status": 404} if number % 20 == 19 else {}
            announce(installed, web, source.has(f"/{number}", content, **bad))
        ends_at = time.monotonic() + CHAOS_SECONDS
        while time.monotonic() < ends_at:
            with a_short_life(installed, source):
                time.sleep(2)
            kills += 1
            if kills == 3:
                Redis.from_url(installed.env["REDIS_URL"]).flushdb()
    _let_claims_run_out(witness)
    env = {"FETCH_ALLOW": source.origin, "WORKER_CONCURRENCY": "14"}
    with celery_worker(var=installed.var, env=installed.env, **env):
        _beat_until_done(installed, witness)
    ends = Counter(status for (status,) in witness.rows("SELECT status FROM media_store_media"))
    assert ends == {"ready": UPLOADS - UPLOADS // 20, "failed": UPLOADS // 20}
    witness.check()
    record_property("summary", f"{UPLOADS} URLs, {kills} workers killed, Redis flushed once: {dict(ends)}")


def _let_claims_run_out(witness: Witness) -> None:
    witness.rows("UPDATE media_store_media SET fetch_at = created_at WHERE status = 'pending'")


def _beat_until_done(installed: Installation, witness: Witness) -> None:
    """What beat asks for, until no row is pending."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while witness.rows("SELECT count(*) FROM media_store_media WHERE status = 'pending'") != [(0,)]:
        assert time.monotonic() < ends_at, "still pending"
        code = "from media_store.tasks import fetch_due; fetch_due.delay()"
        installed.manage("shell", "-v", "0", "-c", code)
        time.sleep(1)
