"""The real servers of the tests: SeaweedFS, Redis and PostgreSQL on free loopback ports, thrown away afterwards.

    python -m tests.services -- COMMAND…    start them, run COMMAND with their addresses in its environment
    python -m tests.services --print-env    start them, print their addresses, stay until Ctrl-C

A server that is installed is preferred; otherwise the one that came with requirements-dev.txt is taken
(always, with SERVERS=wheels). MINIO_BIN names a MinIO to take instead of SeaweedFS, with --minio.
Whatever was started, and whatever COMMAND left running, is gone when this ends, however it ends.
"""

import argparse
import fcntl
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.processes import Interrupted, adopt_orphans, end_children, raise_on_signals, run, signals_held
from tests.programs import ServerFailed, open_to_all
from tests.servers import (
    SOCKETS,
    START_SECONDS,
    Environment,
    MinIO,
    PostgreSQL,
    Redis,
    SeaweedFS,
    Server,
    forget_the_shells_own,
)

ALL = (SeaweedFS, Redis, PostgreSQL)
ON_MINIO = (MinIO, Redis, PostgreSQL)
FOLDER_PREFIX = "mediahub-services-"
# Set where the servers of this file are meant; the suite touches no others.
MARK = "MEDIAHUB_TEST_SERVERS"


@contextmanager
def running(kinds: Sequence[type[Server]]) -> Iterator[Environment]:
    """The environment that leads to these servers, and a temporary folder that goes away with them."""
    forget_the_shells_own()
    adopt_orphans()
    with _folder() as folder:
        servers = [kind(folder) for kind in kinds]
        try:
            _start(servers, folder=folder)
            temporary = folder / "tmp"
            temporary.mkdir()
            environment = {"TMPDIR": str(temporary)} | ({MARK: "1"} if servers else {})
            for server in servers:
                environment |= server.environment()
            yield environment
        finally:
            with signals_held():
                # First what still talks to the servers: they end at once where nobody does.
                end_children(but=[server.process.pid for server in servers if server.process])
                for server in servers:
                    server.stop()
                end_children()


def _start(servers: list[Server], *, folder: Path) -> None:
    """Start them beside one another. One that ends by itself is made anew: a port that was free may be taken by now."""
    deadline = time.monotonic() + START_SECONDS
    for server in servers:
        server.start()
    for place, server in enumerate(servers):
        try:
            server.wait(deadline=deadline)
        except ServerFailed as failure:
            sys.stderr.write(f"Once more, as {failure}\n")
            server.stop()
            server.folder.rename(folder / f"{server.name}-failed")
            servers[place] = type(server)(folder)
            servers[place].start()
            servers[place].wait(deadline=deadline)


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that goes away, and with it those of runs that were killed before they could."""
    parent = Path(tempfile.gettempdir())
    if os.geteuid() == 0 and not open_to_all(parent):
        # PostgreSQL, which is then another user, could not reach its own folder.
        parent = Path("/tmp")  # noqa: S108 - mkdtemp makes a folder of our own there
    _remove_abandoned(parent)
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=parent))
    # PostgreSQL of another user passes through to its own folder; nobody else can list this one.
    folder.chmod(0o711)
    try:
        with (folder / "unlocked").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Under this name it is never seen without its lock.
            Path(lock.name).rename(folder / "lock")
            yield folder
    finally:
        with signals_held():
            _remove(folder)


def _remove(folder: Path) -> None:
    for record in folder.glob(f"*/{SOCKETS}"):
        for name in record.read_text().splitlines():
            Path(name).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    for lock in parent.glob(f"{FOLDER_PREFIX}*/lock"):
        with suppress(OSError):
            _remove_unless_locked(lock)


def _remove_unless_locked(lock: Path) -> None:
    # Another user's would name what we are to delete.
    if lock.parent.lstat().st_uid == os.geteuid() == lock.lstat().st_uid:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(lock.parent)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--print-env", action="store_true", help="print the addresses and stay until Ctrl-C")
    parser.add_argument("--minio", action="store_true", help="the MinIO that MINIO_BIN names instead of SeaweedFS")
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="what to run; put -- before it")
    arguments = parser.parse_args()
    if bool(arguments.command) == arguments.print_env:
        parser.error("give a command after --, or --print-env")
    raise_on_signals()
    kinds = ON_MINIO if arguments.minio else ALL
    try:
        with running(kinds) as environment:
            if arguments.command:
                return run(arguments.command, environment)
            _show(environment)
            signal.pause()
    except Interrupted as interrupted:
        return 128 + interrupted.number
    except ServerFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    return 0


def _show(environment: Environment) -> None:
    for name, value in environment.items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
