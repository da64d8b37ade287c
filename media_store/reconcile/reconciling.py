"""Reconciling: stretch by stretch, what is wrong is told, and put right where that was asked for."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from devices import audit
from devices.models import AuditEvent
from media_store import collection, store_mark
from media_store.failpoints import reached
from media_store.models import Media
from media_store.reconcile.findings import Finding, Fixed, Kind, findings_in
from media_store.reconcile.losses import fail_media_of
from media_store.reconcile.stretches import Stretch, stretches
from media_store.storage import PREFIX, is_well_formed

OnFinding = Callable[[Finding], None]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a run is to look at, and whether it is to put right what it finds.

    `start_after` is the `last_key` of an earlier run; `limit` is in findings, names that are not ours not counted.
    """

    prefix: str = PREFIX
    start_after: str = ""
    older_than: timedelta = collection.YOUNGEST
    fix: bool = False
    limit: int | None = None


@dataclass(kw_only=True)
class Reconciled:
    """What was compared, found and put right. Whoever goes on, goes on behind `last_key`."""

    objects: int = 0
    rows: int = 0
    found: Counter[Kind] = field(default_factory=Counter)
    left: Counter[Kind] = field(default_factory=Counter)
    media_failed: int = 0
    # In bytes; what was found of orphans, and what went of them.
    bytes_found: int = 0
    objects_deleted: int = 0
    bytes_deleted: int = 0
    failed: int = 0
    error: str = ""
    last_key: str = ""
    is_complete: bool = False


def reconcile(  # noqa: PLR0913 - how a run is to go, each by its name
    choice: Choice,
    *,
    now: datetime,
    by: str = "",
    on_finding: OnFinding = lambda _: None,
    on_stretch: Callable[[Reconciled], None] = lambda _: None,
    may_go_on: Callable[[], bool] = lambda: True,
) -> Reconciled:
    """Compare every object with its row and every row with its object.

    `on_finding` hears of each once it has been put right, or not; `on_stretch` hears the sums after each stretch;
    `may_go_on` is asked before each. What is put right is told in the trail, with who had it done (`by`). Nothing is
    concluded from a store that is not proved to be ours, before it is asked and again after: a disk that goes away in
    the middle looks like one that has lost everything.

    Errors: `WrongStore`, `StorageUnavailable`; everything up to the last `on_stretch` is done.
    """
    store_mark.prove_marked()
    sums = Reconciled(last_key=choice.start_after)
    for stretch in stretches(prefix=choice.prefix, start_after=choice.start_after):
        if _left(choice, sums) == 0 or not may_go_on():
            return sums
        found = findings_in(stretch, older_than=choice.older_than, now=now)
        taken = _within(found, limit=_left(choice, sums))
        if taken:
            store_mark.prove_marked()
            reached("reconcile.found")
        if choice.fix:
            _fix(taken, choice=choice, now=now, by=by)
        _tell(taken, sums, on_finding)
        is_whole = len(taken) == len(found)
        sums.last_key = stretch.until if is_whole else taken[-1].key
        _count(stretch, sums)
        on_stretch(sums)
        if not is_whole:
            return sums
    sums.is_complete = True
    return sums


def _count(stretch: Stretch, sums: Reconciled) -> None:
    sums.objects += sum(listed.key <= sums.last_key or not is_well_formed(listed.key) for listed in stretch.objects)
    sums.rows += sum(blob.storage_key <= sums.last_key for blob in stretch.rows)


def _left(choice: Choice, sums: Reconciled) -> int | None:
    if choice.limit is None:
        return None
    return max(0, choice.limit - sums.found.total() + sums.found[Kind.FOREIGN])


def _within(found: Sequence[Finding], *, limit: int | None) -> Sequence[Finding]:
    """As many as may be; the last of them, where some are left over, is one of our keys, behind which one can go on."""
    ours = [number for number, finding in enumerate(found, start=1) if finding.kind != Kind.FOREIGN]
    if limit is None or len(ours) <= limit:
        return found
    return found[: ours[limit - 1]]


def _fix(found: Sequence[Finding], *, choice: Choice, now: datetime, by: str) -> None:
    for finding in found:
        if finding.kind == Kind.MISSING and finding.blob is not None:
            settled = fail_media_of(finding.blob, now=now, by=by)
            finding.media_failed = settled.media_failed
            finding.fixed = Fixed.FAILED if settled.is_settled else Fixed.NOT
    orphans = [finding for finding in found if finding.kind == Kind.ORPHAN]
    listed = [finding.listed for finding in orphans if finding.listed is not None]
    tried = collection.delete_orphans(listed, older_than=choice.older_than, now=now) if listed else {}
    for finding in orphans:
        # One that was not tried had a row after all.
        finding.error = tried.get(finding.key, "a row speaks of it now")
        finding.fixed = Fixed.NOT if finding.error else Fixed.DELETED
    _tell_deleted([finding for finding in orphans if finding.fixed == Fixed.DELETED], now=now, by=by)


def _tell_deleted(gone: Sequence[Finding], *, now: datetime, by: str) -> None:
    """One event for a stretch: no row speaks of any of them, and there may be millions."""
    if not gone:
        return
    details = {"objects": len(gone), "bytes": sum(finding.size for finding in gone), "last_key": gone[-1].key}
    audit.record(
        audit.event(AuditEvent.Action.STORAGE_RECONCILED, now=now, by=by, subject=gone[0].key, details=details)
    )


def _tell(found: Sequence[Finding], sums: Reconciled, on_finding: OnFinding) -> None:
    for finding in found:
        if finding.blob is not None:
            finding.media_left = Media.objects.filter(blob=finding.blob).count()
        _add(finding, sums)
        on_finding(finding)


def _add(finding: Finding, sums: Reconciled) -> None:
    sums.found[finding.kind] += 1
    sums.left[finding.kind] += finding.is_left
    sums.media_failed += finding.media_failed
    sums.failed += bool(finding.error)
    sums.error = finding.error or sums.error
    if finding.kind == Kind.ORPHAN:
        sums.bytes_found += finding.size
    if finding.fixed == Fixed.DELETED:
        sums.objects_deleted += 1
        sums.bytes_deleted += finding.size
