"""Leases: a row that says who does a piece of work, so that two beats or ten workers do it once.

A lease only saves work: whatever runs under one may run twice at once and do no harm. It is short and renewed from
within the work, so that a killed worker's piece is taken up again soon.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from media_store.models import Lease

LEASE_SECONDS = 60
RENEWED_AFTER = timedelta(seconds=15)
# Clocks of two machines may differ by some minutes.
FURTHEST = timedelta(minutes=15)


class Held:
    """A lease that is ours. `renew` is called between batches, as often as one likes."""

    def __init__(self, name: str, holder: str) -> None:
        self._rows = Lease.objects.filter(name=name, holder=holder)
        self._renewed_at = timezone.now()

    def renew(self) -> bool:
        """Keep it for longer; False once somebody else has it, because a batch took too long."""
        # A lease is about the time on the wall, not about the moment at which a run began.
        now = timezone.now()
        if now - self._renewed_at < RENEWED_AFTER:
            return True
        self._renewed_at = now
        return bool(self._rows.update(until=_end()))


@contextmanager
def lease(name: str) -> Iterator[Held | None]:
    """The lease for the length of the block; None where somebody else has it."""
    holder = secrets.token_hex(16)
    if not _take(name, holder):
        yield None
        return
    try:
        yield Held(name, holder)
    finally:
        Lease.objects.filter(name=name, holder=holder).delete()


def _take(name: str, holder: str) -> bool:
    now = timezone.now()
    # One that ends later than any could was taken while a clock was wrong; its holder, if he lives, does no harm.
    over = Q(until__lte=now) | Q(until__gt=now + FURTHEST)
    if Lease.objects.filter(over, name=name).update(holder=holder, until=_end()):
        return True
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, holder=holder, until=_end())
    except IntegrityError:
        return False
    return True


def _end() -> datetime:
    return timezone.now() + timedelta(seconds=LEASE_SECONDS)
