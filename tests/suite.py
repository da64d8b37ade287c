"""The suite, on everything it has to hold on: `python -m tests.suite [ARGUMENTS OF PYTEST]`.

First on PostgreSQL, S3 and Redis; then what rows and objects have a part in on the embedded defaults; and where
MINIO_BIN is set, the storage tests once more on that MinIO. `--faults` runs the long tests instead.
"""

import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.processes import Interrupted, die_with_parent, raise_on_signals, run
from tests.programs import ServerFailed
from tests.servers import Server
from tests.services import ALL, MARK, ON_MINIO, running

OK, FAILED, NO_TESTS = 0, 1, 5
FUZZ_EXAMPLES = "2000"
INTERLEAVINGS = "20"


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One run of pytest."""

    name: str
    servers: Sequence[type[Server]]
    options: Sequence[str] = ()


SERVICES = Pass(name="PostgreSQL, SeaweedFS and Redis", servers=ALL)
EMBEDDED = Pass(name="the embedded defaults: SQLite, files, file broker", servers=(), options=("--core",))
MINIO = Pass(name="MinIO: storage tests only", servers=ON_MINIO, options=("-m", "storage"))
FAULTS = Pass(
    name="PostgreSQL, SeaweedFS and Redis: the long tests", servers=ALL, options=("-m", "faults or interleavings")
)


def passes(*, faults: bool) -> list[Pass]:
    """What there is to run."""
    if faults:
        return [FAULTS]
    return [SERVICES, EMBEDDED, *([MINIO] if os.environ.get("MINIO_BIN") else [])]


def verdict(codes: Sequence[int]) -> int:
    """The exit code of them all: the first failure; "no tests" only where no pass had any."""
    failures = [code for code in codes if code not in (OK, NO_TESTS)]
    return next(iter(failures), OK if OK in codes else NO_TESTS)


def run_pass(each: Pass, arguments: Sequence[str]) -> int:
    """Start what it needs, run pytest, and put everything away."""
    say(f"Tests on {each.name}")
    started_at = time.monotonic()
    try:
        with running(each.servers) as environment:
            code = run([*PYTEST, *arguments, *each.options], environment)
    except ServerFailed as failure:
        sys.stderr.write(f"{failure}\n")
        code = FAILED
    say(f"{each.name}: {time.monotonic() - started_at:.0f} s")
    return code


# A process for each processor that this one may use; more would share one database and its store.
WORKERS = min(len(os.sched_getaffinity(0)), 8)
PYTEST = (sys.executable, "-m", "pytest", "-n", str(WORKERS), "--dist", "worksteal")


def say(sentence: str) -> None:
    """To the terminal, before what the next process writes."""
    sys.stdout.write(f"== {sentence}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    raise_on_signals()
    # make may be killed, and then this is told to end as it would be by make.
    die_with_parent(signal.SIGTERM)
    # Servers that this shell knows of would be taken for those of a pass that has none.
    os.environ.pop(MARK, None)
    faults = "--faults" in arguments
    if faults:
        os.environ.setdefault("FUZZ_EXAMPLES", FUZZ_EXAMPLES)
        os.environ.setdefault("INTERLEAVINGS", INTERLEAVINGS)
    rest = [argument for argument in arguments if argument != "--faults"]
    try:
        return verdict([run_pass(each, rest) for each in passes(faults=faults)])
    except Interrupted as interrupted:
        return 128 + interrupted.number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
