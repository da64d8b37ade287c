"""Leases: two beats or ten workers do a piece of work once, and a killed holder keeps nobody from it for long."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from media_store import leases, tasks
from media_store.models import Lease, Media, PurgeRun
from tests.media_files import jpeg
from tests.people import Person

SECOND = timedelta(seconds=1)
PATIENCE_SECONDS = 60


@pytest.mark.django_db
class TestALease:
    def test_is_had_by_one_at_a_time(self) -> None:
        with leases.lease("purge") as first, leases.lease("purge") as second, leases.lease("collection") as other:
            assert (first is not None, second, other is not None) == (True, None, True)
        with leases.lease("purge") as again:
            assert again is not None
        assert not Lease.objects.exists()

    def test_is_given_back_by_whoever_fails(self) -> None:
        with pytest.raises(KeyboardInterrupt), leases.lease("purge"):
            raise KeyboardInterrupt
        assert not Lease.objects.exists()

    def test_that_was_refused_takes_nothing_from_its_holder(self) -> None:
        with leases.lease("purge"):
            with leases.lease("purge") as refused:
                assert refused is None
            assert Lease.objects.count() == 1

    def test_of_a_killed_holder_runs_out(self) -> None:
        now = timezone.now()
        Lease.objects.create(name="purge", holder="killed", until=now + 60 * SECOND)
        with time_machine.travel(now + 59 * SECOND, tick=False), leases.lease("purge") as early:
            assert early is None
        with time_machine.travel(now + 60 * SECOND, tick=False), leases.lease("purge") as late:
            assert late is not None

    def test_is_kept_for_as_long_as_it_is_renewed(self) -> None:
        now = timezone.now()
        with time_machine.travel(now, tick=False) as clock, leases.lease("purge") as held:
            assert held is not None
            for _ in range(10):
                clock.shift(50 * SECOND)
                assert held.renew()
                with leases.lease("purge") as other:
                    assert other is None

    def test_that_somebody_else_took_over_is_not_renewed_and_not_given_back(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock, leases.lease("purge") as held:
            assert held is not None
            clock.shift(61 * SECOND)
            with leases.lease("purge") as other:
                assert other is not None
                assert held.renew() is False

    def test_taken_while_a_clock_was_wrong_keeps_nobody_waiting(self) -> None:
        now = timezone.now()
        Lease.objects.create(name="purge", holder="of tomorrow", until=now + timedelta(days=1))
        with leases.lease("purge") as held:
            assert held is not None


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_ten_workers_have_it_one_at_a_time(self) -> None:
        together, had = threading.Barrier(10), []
        turned_away, done = threading.Semaphore(0), threading.Event()

        def work() -> None:
            together.wait(PATIENCE_SECONDS)
            with leases.lease("purge") as held:
                if held is None:
                    turned_away.release()
                else:
                    had.append(1)
                    done.wait(PATIENCE_SECONDS)
            connections.close_all()

        workers = [threading.Thread(target=work, daemon=True) for _ in range(10)]
        for worker in workers:
            worker.start()
        # While the tenth has it.
        assert all(turned_away.acquire(timeout=PATIENCE_SECONDS) for _ in range(9))
        assert had == [1]
        done.set()
        for worker in workers:
            worker.join(PATIENCE_SECONDS)

    def test_two_beats_purge_once(self, spool: object) -> None:
        alice = Person.named("alice")
        alice.sent(jpeg())
        Media.objects.update(expires_at=timezone.now() - 3600 * SECOND)
        together, answers = threading.Barrier(2), []

        def beat() -> None:
            together.wait(PATIENCE_SECONDS)
            answers.append(tasks.purge_expired())
            connections.close_all()

        beats = [threading.Thread(target=beat, daemon=True) for _ in range(2)]
        for each in beats:
            each.start()
        for each in beats:
            each.join(PATIENCE_SECONDS)
        assert sorted(answers) == [0, 1]
        assert PurgeRun.objects.filter(rows=1).count() == 1
