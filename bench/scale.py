"""How a million media leave: how fast, in what memory, by which indexes, and who waits for it.

    python -m bench.scale               SQLite and files
    python -m bench.scale --services    PostgreSQL and S3

Rows are made by the database; those of one measurement are a copy of the same filled database. What is timed is
the verb that the tasks call, in a process of its own, while uploads of another device go on over HTTP. Media that
were purged or destroyed here had no objects; the deletion of objects is measured with real ones, on S3.

The limits of time are PostgreSQL's; SQLite has to let others write meanwhile, however long that makes it take.

Exit codes: 0 within the limits, 1 beyond, 2 could not measure.
"""

import argparse
import http.client
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench import lock_waits, uploads
from bench.child import call
from bench.copies import copied
from bench.setting import installation, name_of, say
from tests.installation import Installation

ANSWER_SECONDS = 1.0
GONE_SECONDS_A_MILLION = 60.0
WAIT_SECONDS = {"postgresql": 0.5, "sqlite": 1.0}
PURGED_A_SECOND = 10_000
GROWN_MIB = 100.0
GROWTH_OF_BATCH = 1.3
# The first tenth of a run's batches finds quieter caches than the last.
GROWTH_IN_RUN = 2.0
MIN_BATCHES = 2
TIMES_FASTER = 4.0
WARMING_SECONDS, BASELINE_SECONDS = 2, 10
# Rows that a round of both verbs takes by each batch of theirs.
ROUNDS, ROWS_A_ROUND, MOST_BATCHES = 5, 15_000, 8
MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is measured, and how much of it."""

    filled: Installation
    device: str
    neighbour: str
    homes: list[tuple[str, str]]
    media: int
    blobs: int
    living: int
    objects: int
    database: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table. Without a limit it only tells."""

    what: str
    found: str
    limit: str = ""
    held: bool = True


Measure = Callable[[Setting], Iterator[Row]]


def main() -> int:
    """The command line."""
    arguments = _arguments()
    with installation(on_services=arguments.services) as filled:
        say(f"{name_of(on_services=arguments.services)}; {arguments.media:,} media on {arguments.blobs:,} blobs")
        setting = _filled(filled, arguments)
        wanted = [name for name in MEASURES if arguments.only in (None, name)]
        if not arguments.services:
            wanted = [name for name in wanted if name in EMBEDDED]
        return max([_show(row) for name in wanted for row in MEASURES[name](setting)], default=0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", action="store_true", help="measure on PostgreSQL and S3")
    parser.add_argument("--media", type=int, default=MILLION, help="that one device owns")
    parser.add_argument("--blobs", type=int, default=200_000, help="that they share")
    parser.add_argument("--living", type=int, default=3 * MILLION, help="media beside them that stay")
    parser.add_argument("--objects", type=int, default=10_000, help="deleted each way")
    parser.add_argument("--only", choices=MEASURES, help="one measurement")
    return parser.parse_args()


def _show(row: Row) -> int:
    verdict = ("ok" if row.held else "BEYOND") if row.limit else ""
    say(f"{row.what:44}{row.found:>58}  {row.limit:>12}  {verdict}")
    return int(not row.held)


def _filled(filled: Installation, arguments: argparse.Namespace) -> Setting:
    homes = [(filled.app_id, _device(filled, filled.app_id)), *(_another_home(filled, name) for name in "bc")]
    setting = Setting(
        filled=filled,
        device=filled.device_id,
        neighbour=_device(filled, filled.app_id),
        homes=homes,
        media=arguments.media,
        blobs=arguments.blobs,
        living=arguments.living,
        objects=arguments.objects,
        database="postgresql" if arguments.services else "sqlite",
    )
    assert filled.key
    began = time.perf_counter()
    call(
        filled,
        "bench.verbs:fill",
        app=filled.app_id,
        device=filled.device_id,
        media=setting.media,
        blobs=setting.blobs,
    )
    load = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    say(f"filled in {time.perf_counter() - began:.0f} s; {load}")
    return setting


def _device(filled: Installation, app: str) -> str:
    name = f"phone {time.monotonic_ns()}"
    return str(json.loads(filled.manage("create_device", "--app", app, "--name", name, "--json"))["device_id"])


def _another_home(filled: Installation, name: str) -> tuple[str, str]:
    app = str(json.loads(filled.manage("create_app", name, "--json"))["app_id"])
    return app, _device(filled, app)


def destruction(setting: Setting) -> Iterator[Row]:
    """A device that owns all of them, while another of its app sends."""
    with copied(setting.filled, "destruction") as copy, copy.web() as web:
        sending = partial(uploads.going_on, port=web.port, key=setting.filled.key, device=setting.neighbour)
        with sending():
            time.sleep(WARMING_SECONDS)
        with sending() as before:
            time.sleep(BASELINE_SECONDS)
        with sending() as beside, lock_waits.watched(copy) as locks, ThreadPoolExecutor() as threads:
            answered = _destroy(web.port, setting.filled.key, setting.device)
            done = threads.submit(call, copy, "bench.verbs:destroy").result()
    yield _at_most("DELETE of the device, answered", answered, ANSWER_SECONDS)
    yield _gone(done, setting)
    yield _steadiness(done)
    most = WAIT_SECONDS[setting.database]
    yield _at_most("longest upload of another device meanwhile", beside.longest, most, more=f"p99 {beside.p99:.3f} s")
    yield Row(what="  the same before it", found=f"{before.longest:.3f} s (p99 {before.p99:.3f} s)")
    if setting.database == "postgresql":
        yield _at_most("  of which anybody waited for a lock", max(locks, default=0.0), most)


def _gone(done: dict[str, Any], setting: Setting) -> Row:
    what = f"its {done['rows']:,} rows gone"
    if setting.database != "postgresql":
        return Row(what=what, found=f"{done['seconds']:.0f} s ({_batches(done)})")
    limit = GONE_SECONDS_A_MILLION * setting.media / MILLION
    return _at_most(what, done["seconds"], limit, more=_batches(done))


def _destroy(port: int, key: str, device: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    connection.request("DELETE", f"/v1/devices/{device}", headers={"Authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == http.client.NO_CONTENT, answer.status
    connection.close()
    return time.perf_counter() - began


def purge(setting: Setting) -> Iterator[Row]:
    """All as expired; then what it let go of is condemned, and its tombstones swept."""
    with copied(setting.filled, "purge") as copy:
        purged = call(copy, "bench.verbs:purge")
        assert purged["rows"] == setting.media, purged
        at_least = PURGED_A_SECOND if setting.database == "postgresql" else None
        yield _rate("purge of all as expired", purged, at_least=at_least)
        yield _steadiness(purged)
        yield _memory("memory of the purge, grown by", purged)
        condemned = call(copy, "bench.verbs:condemn")
        yield _rate("notes looked at, blobs condemned", condemned)
        yield _memory("memory of the condemning, grown by", condemned)
        yield _rate("tombstones swept", call(copy, "bench.verbs:sweep"))


def living(setting: Setting) -> Iterator[Row]:
    """Batches with and without millions of rows that stay, in turn; and every plan of what beat sends."""
    with copied(setting.filled, "alone") as alone, copied(setting.filled, "crowded") as crowded:
        began = time.perf_counter()
        call(crowded, "bench.verbs:fill_living", homes=setting.homes, media=setting.living, blobs=setting.living // 5)
        say(f"{setting.living:,} that live on, filled in {time.perf_counter() - began:.0f} s")
        for verb in ("purge", "destroy"):
            if verb == "destroy":
                _mark(alone, setting)
                _mark(crowded, setting)
            yield _growth(verb, alone, crowded, batches=_batches_a_round(setting))
        yield from _plans(crowded)


def _mark(copy: Installation, setting: Setting) -> None:
    call(copy, "bench.verbs:mark", device=setting.device)


def _batches_a_round(setting: Setting) -> int:
    """So many that the rows are enough for all rounds."""
    return max(1, min(MOST_BATCHES, setting.media // (ROUNDS * ROWS_A_ROUND)))


def _growth(verb: str, alone: Installation, crowded: Installation, *, batches: int) -> Row:
    ratios = []
    for _ in range(ROUNDS):
        found = [call(copy, f"bench.verbs:{verb}", batches=batches) for copy in (alone, crowded)]
        without, beside = (statistics.median(done["batches"]) for done in found)
        ratios.append(beside / without)
    median = statistics.median(ratios)
    return Row(
        what=f"{verb}: batch beside those that live on",
        found=f"{median:.2f} times as long ({min(ratios):.2f} to {max(ratios):.2f})",
        limit=f"≤ {GROWTH_OF_BATCH:g} times",
        held=median <= GROWTH_OF_BATCH,
    )


def _plans(copy: Installation) -> Iterator[Row]:
    for task, plans in call(copy, "bench.plans:of_tasks").items():
        scans = [text for scans, text in plans if scans]
        yield Row(
            what=f"{task}: statements that read a table whole",
            found=f"{len(scans)} of {len(plans)}",
            limit="0",
            held=not scans,
        )
        for text in scans:
            say(text)


def objects(setting: Setting) -> Iterator[Row]:
    """Objects deleted by collection, and one by one."""
    with copied(setting.filled, "objects") as copy:
        rounds = call(copy, "bench.objects:delete_both_ways", objects_each=setting.objects)
    ratios = [one_by_one / collected for collected, one_by_one in rounds]
    together, single = (sum(seconds) for seconds in zip(*rounds, strict=True))
    yield Row(
        what=f"{setting.objects:,} objects by collection",
        found=(
            f"{statistics.median(ratios):.1f} times as fast as one by one ({min(ratios):.1f} to {max(ratios):.1f}); "
            f"{together:.1f} s, {single:.1f} s"
        ),
        limit=f"≥ {TIMES_FASTER:g} times",
        held=statistics.median(ratios) >= TIMES_FASTER,
    )


MEASURES: dict[str, Measure] = {"destruction": destruction, "purge": purge, "living": living, "objects": objects}
EMBEDDED = ("destruction", "purge")


def _at_most(what: str, seconds: float, limit: float, *, more: str = "") -> Row:
    found = f"{seconds:.3f} s" + (f" ({more})" if more else "")
    return Row(what=what, found=found, limit=f"≤ {limit:g} s", held=seconds <= limit)


def _rate(what: str, done: dict[str, Any], *, at_least: int | None = None) -> Row:
    rate = done["rows"] / done["seconds"]
    limit = "" if at_least is None else f"≥ {at_least:,}/s"
    found = f"{rate:,.0f}/s ({done['seconds']:.0f} s; {_batches(done)})"
    return Row(what=what, found=found, limit=limit, held=at_least is None or rate >= at_least)


def _steadiness(done: dict[str, Any]) -> Row:
    what = "  its last batches beside its first"
    if len(done["batches"]) < MIN_BATCHES:
        return Row(what=what, found=f"only {len(done['batches'])} batches")
    tenth = max(1, len(done["batches"]) // 10)
    first, last = (statistics.median(part) for part in (done["batches"][:tenth], done["batches"][-tenth:]))
    return Row(
        what=what,
        found=f"{last / first:.2f} times as long ({first:.2f} s, {last:.2f} s)",
        limit=f"≤ {GROWTH_IN_RUN:g} times",
        held=last <= first * GROWTH_IN_RUN,
    )


def _memory(what: str, done: dict[str, Any]) -> Row:
    grown = done["grown_mib"]
    return Row(what=what, found=f"{grown:.1f} MiB", limit=f"≤ {GROWN_MIB:g} MiB", held=grown <= GROWN_MIB)


def _batches(done: dict[str, Any]) -> str:
    batches = done["batches"]
    return f"batches of {statistics.median(batches):.2f} s, longest {max(batches):.2f} s"


if __name__ == "__main__":
    sys.exit(main())
