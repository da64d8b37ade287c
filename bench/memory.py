"""How far one large upload or download moves the peak memory of the web process, and eight at once.

    python -m bench.memory               SQLite and files
    python -m bench.memory --services    PostgreSQL and S3

The real server of the Procfile, one worker process, so that all eight meet in it. Before each measurement the
kernel's record of the peak (VmHWM) is set back to what is in use; afterwards it is read again. After one
warm-up of each kind, the worst of several rounds counts. Every download is compared with what was uploaded.

Exit codes: 0 within the limits, 1 beyond, 2 could not measure.
"""

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psutil

from bench.payloads import Client, Payload
from bench.setting import give_up, installation, name_of, say
from tests.installation import Installation, Web

MIB = 1024 * 1024
LIMIT_MIB = {1: 16.0, 8: 48.0}
ROUNDS = 3

seeds = count(1)


@dataclass(frozen=True, kw_only=True)
class Work:
    """One kind of request, and what it is called in the table."""

    name: str
    do: Callable[[], object]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", action="store_true", help="measure on PostgreSQL and S3")
    parser.add_argument("--workers", type=int, default=1, help="web processes; their moves are added up")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often; the worst counts")
    arguments = parser.parse_args()
    if not Path("/proc/self/clear_refs").exists():
        give_up("the peak memory of a process is set back by /proc/PID/clear_refs, which only Linux has.")
    with (
        installation(on_services=arguments.services) as measured,
        measured.web(WEB_CONCURRENCY=str(arguments.workers)) as web,
    ):
        say(f"Peak memory of the web process, {name_of(on_services=arguments.services)}, {arguments.workers} worker(s)")
        return _measure(measured, web, rounds=arguments.rounds)


def _measure(measured: Installation, web: Web, *, rounds: int) -> int:
    works = _works(Client(port=web.port, key=measured.key))
    for work in works:
        work.do()
    say(f"{'':28}{'at once':>8}{'before':>10}{'moved by':>10}{'at most':>9}")
    held = [_row(web, work, at_once=at_once, rounds=rounds) for at_once in LIMIT_MIB for work in works]
    return 0 if all(held) else 1


def _works(client: Client) -> list[Work]:
    kept = Payload(seed=next(seeds), size=100 * MIB)
    path, expected = client.upload_multipart(kept), kept.sha256()

    def download() -> None:
        assert client.download(path) == expected, "the bytes that came are not those that were sent"

    return [
        Work(
            name="50 MiB base64 upload",
            do=lambda: client.upload_base64(Payload(seed=next(seeds), size=50 * MIB)),
        ),
        Work(
            name="100 MiB multipart upload",
            do=lambda: client.upload_multipart(Payload(seed=next(seeds), size=100 * MIB)),
        ),
        Work(name="100 MiB download", do=download),
    ]


def _row(web: Web, work: Work, *, at_once: int, rounds: int) -> bool:
    found = [_measured(web, work, at_once=at_once) for _ in range(rounds)]
    before, peak = max(found, key=lambda pair: pair[1] - pair[0])
    moved = peak - before
    held = moved <= LIMIT_MIB[at_once]
    verdict = "ok" if held else "TOO MUCH"
    say(f"{work.name:28}{at_once:>8}{before:>6.1f} MiB{moved:>6.1f} MiB{LIMIT_MIB[at_once]:>5.0f} MiB  {verdict}")
    return held


def _measured(web: Web, work: Work, *, at_once: int) -> tuple[float, float]:
    """In MiB: what the workers had in use before, and their peak while `work` was done `at_once` times."""
    workers = web.workers()
    for worker in workers:
        Path(f"/proc/{worker.pid}/clear_refs").write_text("5")
    before = sum(_peak(worker) for worker in workers)
    with ThreadPoolExecutor(at_once) as threads:
        for done in [threads.submit(work.do) for _ in range(at_once)]:
            done.result()
    return before / MIB, sum(_peak(worker) for worker in workers) / MIB


def _peak(worker: psutil.Process) -> int:
    lines = Path(f"/proc/{worker.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    sys.exit(main())
