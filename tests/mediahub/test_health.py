"""The probes: whether this process answers, and whether what it needs does."""

import json
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread, active_count

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from media_store import store_mark
from media_store.storage import new_key, objects
from media_store.storage.objects import MARK_KEY
from mediahub import health
from mediahub.health import Check, ask
from tests import stores
from tests.mediahub.started import environment, run
from tests.processes import free_ports

# What is promised, and room for a machine that is busy with other tests.
READY_SECONDS = 2 + 5
OK = {"database": "ok", "storage": "ok", "store_mark": "ok", "broker": "ok"}
FAILED = dict.fromkeys(OK, "failed")
ASK = """
import json, sys, time, django
django.setup()
from django.test import Client
client, started_at = Client(), time.monotonic()
answer = client.get("/readyz")
json.dump([answer.status_code, answer.json(), time.monotonic() - started_at], sys.stdout)
"""


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Connections are taken, and nothing ever comes back."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    return free_ports(1)[0]


def refuse_to_start(_thread: Thread) -> None:
    """As Python does where the system has no more threads."""
    raise RuntimeError("can't start new thread")


def all_at(port: int) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "mediahub.settings",
        "DATABASE_URL": f"postgres://alice:hunter2@127.0.0.1:{port}/media",
        "REDIS_URL": f"redis://:hunter2@127.0.0.1:{port}/0",
        "MEDIA_BUCKET": "media",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "alice",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
    }


class TestHealthz:
    def test_answers_without_asking_anything(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(health, "CHECKS", ())
        answer = Client().get("/healthz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


class TestReadyz:
    @pytest.mark.django_db(transaction=True)
    def test_names_everything_that_answers(self) -> None:
        answer = Client().get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ready", "checks": OK})

    @pytest.mark.django_db(transaction=True)
    def test_names_the_one_thing_that_does_not(self, settings: Settings, closed_port: int) -> None:
        settings.REDIS_URL = f"redis://127.0.0.1:{closed_port}/0"
        answer = Client().get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"status": "unavailable", "checks": {**OK, "broker": "failed"}}

    @pytest.mark.django_db(transaction=True)
    def test_sees_a_folder_of_messages_that_is_gone(self, settings: Settings, tmp_path: Path) -> None:
        settings.REDIS_URL = ""
        settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"data_folder_out": str(tmp_path / "gone")}
        assert Client().get("/readyz").json()["checks"]["broker"] == "failed"

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("found", [None, "0" * 32], ids=["no mark", "the mark of another"])
    def test_sees_a_store_that_is_not_the_one_it_was(self, found: str | None) -> None:
        store_mark.prove(now=timezone.now())
        assert Client().get("/readyz").status_code == 200
        if found is None:
            objects().delete([MARK_KEY])
        else:
            objects().write_mark(found)
        answer = Client().get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {**OK, "store_mark": "failed"}

    @pytest.mark.django_db(transaction=True)
    def test_sees_a_store_that_another_database_has_filled(self, settings: Settings, tmp_path: Path) -> None:
        """Before the first upload is refused: it bears no mark, and nothing of ours."""
        stores.use(settings, bucket="", folder=tmp_path / "media")
        key = new_key(app_id=uuid.uuid4())
        stores.put(key, b"another's", tmp_path)
        assert Client().get("/readyz").json()["checks"] == {**OK, "store_mark": "failed"}
        objects().delete([key])
        assert Client().get("/readyz").status_code == 200

    @pytest.mark.faults
    def test_tells_dead_servers_at_once_and_nothing_of_their_addresses(self, tmp_path: Path, closed_port: int) -> None:
        done = run(sys.executable, "-c", ASK, env=environment(tmp_path, **all_at(closed_port)))
        status, answer, seconds = json.loads(done.stdout)
        assert (status, answer) == (503, {"status": "unavailable", "checks": FAILED})
        assert seconds < READY_SECONDS
        assert "hunter2" not in done.stderr

    @pytest.mark.faults
    def test_waits_two_seconds_for_silent_servers_and_keeps_no_process_from_ending(
        self, tmp_path: Path, silent_port: int
    ) -> None:
        started_at = time.monotonic()
        done = run(sys.executable, "-c", ASK, env=environment(tmp_path, **all_at(silent_port)))
        status, answer, seconds = json.loads(done.stdout)
        assert (status, answer) == (503, {"status": "unavailable", "checks": FAILED})
        assert 1 < seconds < READY_SECONDS
        assert time.monotonic() - started_at < 20


class TestAsk:
    def test_waits_for_all_together_and_piles_up_no_threads(self) -> None:
        release = Event()

        def hang() -> None:
            release.wait(60)

        hanging = (Check("first", hang), Check("second", hang))
        started_at, threads = time.monotonic(), active_count()
        for _ in range(3):
            assert ask(hanging, deadline_seconds=0.1) == {"first": False, "second": False}
        assert time.monotonic() - started_at < 5
        assert active_count() - threads == 2
        release.set()

    def test_asks_anew_where_no_thread_was_to_be_had(self, monkeypatch: pytest.MonkeyPatch) -> None:
        check = Check("one", lambda: None)
        with monkeypatch.context() as full:
            full.setattr(Thread, "start", refuse_to_start)
            assert ask((check,), deadline_seconds=5) == {"one": False}
        assert ask((check,), deadline_seconds=5) == {"one": True}

    def test_asks_again_once_the_answer_has_come(self) -> None:
        asked = []
        check = Check("counted", lambda: asked.append(True))
        assert [ask((check,), deadline_seconds=5) for _ in range(2)] == [{"counted": True}] * 2
        assert len(asked) == 2
