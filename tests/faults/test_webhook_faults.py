"""Events whose senders are killed at every moment, whose workers and broker are lost again and again."""

import json
import os
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
from tests.installation import ROOT, Installation
from tests.live import celery_worker
from tests.receivers import Receiver, Reply, receiver_running

pytestmark = [pytest.mark.faults, pytest.mark.timeout(500)]

SEND = """
from datetime import timedelta
from django.utils import timezone
from devices import webhooks
batch = webhooks.claim(now=timezone.now() + timedelta(hours={hours}))
print(webhooks.send(batch) if batch else "nothing")
"""
ANNOUNCE = """
from uuid import UUID
from django.db import transaction
from django.utils import timezone
from devices import webhooks
one = webhooks.News(event=webhooks.Event.MESSAGE, app_id=UUID("{app_id}"), device_id=None, payload={{}})
with transaction.atomic():
    webhooks.announce(*[one] * {count}, now=timezone.now())
"""
SWEEP = """
from datetime import timedelta
from django.utils import timezone
from devices import webhooks
print(webhooks.sweep(now=timezone.now() + timedelta(days={days})))
"""
EVENTS = 1_000
CHAOS_SECONDS = 40
PATIENCE_SECONDS = 180
UNDELAYED_SECONDS = 20


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiver_running() as receiver:
        yield receiver


class House:
    """An installation whose app has a webhook at the receiver, and nothing from before."""

    def __init__(self, installed: Installation, receiver: Receiver) -> None:
        self.installed = installed
        self.receiver = receiver
        self.witness = Witness(installation=installed)
        self.witness.rows("DELETE FROM devices_webhookdelivery")
        self.witness.rows("DELETE FROM devices_webhookendpoint")
        self.allowed = {"WEBHOOK_ALLOW": receiver.origin, "WEBHOOK_DEADLINE_SECONDS": "3"}

    def hook(self, url: str, *, app_id: str | None = None, event: str = "message") -> None:
        self.does("create_webhook", "--app", app_id or self.installed.app_id, "--url", url, "--event", event)

    def announce(self, count: int = 1, *, app_id: str | None = None) -> None:
        self.runs(ANNOUNCE.format(app_id=app_id or self.installed.app_id, count=count))

    def send(self, *, hours: int = 0, **env: str) -> str:
        return self.runs(SEND.format(hours=hours), **env)

    def runs(self, code: str, **env: str) -> str:
        """In a process of its own; what it says, or its death."""
        return self.does("shell", "-v", "0", "-c", code, **env)

    def does(self, *arguments: str, **env: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self.installed.env, **self.allowed, **env},
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode in (-signal.SIGKILL, 70):
            return "killed"
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def states(self) -> dict[str, int]:
        rows = self.witness.rows("SELECT state, count(*) FROM devices_webhookdelivery GROUP BY state")
        return {str(state): int(str(count)) for state, count in rows}

    @contextmanager
    def worker(self, **env: str) -> Iterator["subprocess.Popen[bytes]"]:
        own = {**self.allowed, "WORKER_CONCURRENCY": "18", **env}
        with celery_worker(var=self.installed.var, env=self.installed.env, **own) as process:
            yield process


@pytest.fixture
def house(installed: Installation, receiver: Receiver) -> House:
    return House(installed, receiver)


class TestAKill:
    @pytest.mark.parametrize("death", ["kill", "exit"])
    @pytest.mark.parametrize("moment", moments.SENDING)
    def test_of_a_sender_loses_nothing_and_repeats_only_what_was_not_noted(
        self, house: House, moment: str, death: str
    ) -> None:
        house.hook(house.receiver.url())
        house.announce(3)
        assert house.send(FAILPOINTS=f"{moment}={death}") == "killed"
        # Somebody takes up what the dead one held, once its claim has run out.
        while house.send(hours=1) != "nothing":
            pass
        assert house.states() == {"delivered": 3}
        told = Counter(one.webhook_id for one in house.receiver.received)
        assert sorted(told.values()) == ([1, 1, 2] if moment == "webhooks.answered" else [1, 1, 1])

    def test_of_whoever_notes_a_failure_has_it_tried_again(self, house: House) -> None:
        house.hook(house.receiver.url("/hook", Reply(status=500), Reply()))
        house.announce()
        assert house.send(FAILPOINTS=f"{moments.NOTING_FAILURE}=kill") == "killed"
        assert house.states() == {"pending": 1}
        assert house.send(hours=1) == "1"
        assert house.states() == {"delivered": 1}

    def test_of_whoever_destroys_a_device_leaves_it_and_tells_nobody(self, house: House) -> None:
        installed = house.installed
        house.hook(house.receiver.url(), event="device_destroyed")
        made = installed.manage("create_device", "--app", installed.app_id, "--name", f"{time.time()}", "--json")
        destroy = Call(method="DELETE", path=f"/v1/devices/{json.loads(made)['device_id']}", key=installed.key)
        with installed.web(WEB_CONCURRENCY="1", FAILPOINTS=f"{moments.TELLING}=kill") as web:
            assert destroy.at(web) is None
        assert house.states() == {}
        with installed.web(WEB_CONCURRENCY="1") as web:
            answer = destroy.at(web)
        assert answer is not None
        assert answer.status == 204
        assert house.states() == {"pending": 1}

    def test_of_a_sweep_leaves_the_rest_to_the_next(self, house: House) -> None:
        house.hook(house.receiver.url())
        house.announce(1_500)
        house.witness.rows("UPDATE devices_webhookdelivery SET state = 'dead', next_attempt_at = NULL")
        assert house.runs(SWEEP.format(days=8), FAILPOINTS=f"{moments.WEBHOOKS_SWEPT}=kill") == "killed"
        assert house.states() == {"dead": 500}
        assert house.runs(SWEEP.format(days=8)) == "500"


def test_a_dead_endpoint_with_many_events_does_not_delay_another_app(
    house: House, record_property: Callable[[str, object], None]
) -> None:
    receiver = house.receiver
    bob = str(json.loads(house.does("create_app", "bob", "--json"))["app_id"])
    house.hook(receiver.url("/dead", Reply(held=True)))
    house.hook(receiver.url("/bob"), app_id=bob)
    # Whom the sender has given up would still be counted as there.
    with house.worker(WEBHOOK_DEADLINE_SECONDS="30"):
        house.announce(400)
        receiver.until(4)
        took = []
        for number in range(5):
            began = time.monotonic()
            house.announce(app_id=bob)
            _until_told(receiver, "/bob", number + 1)
            took.append(time.monotonic() - began)
        receiver.release()
    assert receiver.most_at_once["/dead"] <= 4
    record_property("summary", f"beside 400 events to a dead endpoint, the process included: {max(took):.2f} s")
    # A process of its own writes each event, and takes most of this; whoever waited for the dead one waited 30 s.
    assert max(took) < UNDELAYED_SECONDS


@pytest.mark.services
def test_a_thousand_survive_workers_killed_and_redis_flushed(
    on_services: Installation, receiver: Receiver, record_property: Callable[[str, object], None]
) -> None:
    house = House(on_services, receiver)
    house.hook(receiver.url("/hook", Reply(seconds=0.05)))
    house.announce(EVENTS)
    kills = 0
    ends_at = time.monotonic() + CHAOS_SECONDS
    while time.monotonic() < ends_at:
        with house.worker() as process:
            _beat(house)
            time.sleep(2)
            os.killpg(process.pid, signal.SIGKILL)
        kills += 1
        if kills == 3:
            Redis.from_url(on_services.env["REDIS_URL"]).flushdb()
    with house.worker():
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while house.states() != {"delivered": EVENTS}:
            assert time.monotonic() < ends_at, house.states()
            _beat(house)
    told = Counter(one.webhook_id for one in receiver.received)
    again = sum(told.values()) - len(told)
    assert len(told) == EVENTS
    noted = house.witness.rows("SELECT id, attempts FROM devices_webhookdelivery")
    assert {attempts for _, attempts in noted} == {1}
    # Each killed worker was waiting for four answers at most.
    assert again <= kills * 4
    record_property("summary", f"{EVENTS} events, {kills} workers killed, Redis flushed once: {again} repeated")


def _beat(house: House) -> None:
    house.runs("from devices.tasks import send_due_webhooks; send_due_webhooks()")


def _until_told(receiver: Receiver, path: str, count: int) -> None:
    ends_at = time.monotonic() + UNDELAYED_SECONDS
    while len([one for one in receiver.received if one.path == path]) < count:
        assert time.monotonic() < ends_at, "not in time"
        time.sleep(0.01)
