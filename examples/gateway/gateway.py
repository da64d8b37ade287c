"""A gateway between MediaHub and a network that is two folders.

Files dropped into --inbox are handed in as received messages. Messages that the app sends are claimed, downloaded,
checked and put into --outbox, and reported on. README.md tells how a real network takes the folders' place.
"""

import argparse
import fcntl
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType
from urllib.parse import SplitResult, urlsplit

from client import LockedOut, MediaHub
from inbox import Inbox
from journal import OtherDevice
from outbox import JOURNAL, Outbox
from patience import Patience

OK, SOMETHING_LEFT, WRONG_USAGE, LOCKED_OUT = 0, 1, 2, 3
LOCK = ".lock"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}

HELP = """
every option may be a variable of the environment instead:
  MEDIAHUB_URL, MEDIAHUB_GATEWAY_KEY, MEDIAHUB_DEVICE_ID, GATEWAY_INBOX, GATEWAY_OUTBOX
Others on this machine can read command lines: give the key by MEDIAHUB_GATEWAY_KEY.

a first try, beside `make run`:
  set -a; . var/demo.env; set +a
  python examples/gateway/gateway.py --inbox /tmp/in --outbox /tmp/out
  cp docs/sample.jpg /tmp/in/.a && mv /tmp/in/.a /tmp/in/a.jpg    # in another terminal

exit codes:
  0  told to stop (SIGTERM, SIGINT), or with --once: everything is done
  1  with --once: something is left or was refused; otherwise a fault of this program
  2  wrong usage: an option, a folder that cannot be used or is another device's outbox, or another gateway that
     works on these folders
  3  MediaHub does not know the key or the device: nothing was lost, mend it and start again
"""

NUMBERS = (
    ("--wait", 10, "seconds to wait for messages at a time, 0 to 30"),
    ("--max", 10, "messages to claim at once, 1 to 100"),
    ("--settle", 2, "seconds for which a file must have rested before it is taken"),
    ("--give-up", 10, "report a message as failed once it was damaged or refused so many times"),
    ("--keep-days", 30, "days for which done/ and the ids of sent messages are kept"),
)

log = logging.getLogger("gateway")


class Unusable(Exception):  # noqa: N818 - what a folder is
    """A folder cannot be worked in. The words say which, and why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit code."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
    parser = _parser(os.environ)
    options = parser.parse_args(arguments)
    _check(parser, options)
    stop = _stop_on_signals()
    try:
        with _locked(options.inbox), _locked(options.outbox):
            return _work(options, stop)
    except LockedOut as locked_out:
        log.critical("MediaHub lets this gateway do nothing: %s", locked_out)
        return LOCKED_OUT
    except Unusable as unusable:
        log.critical("%s", unusable)
        return WRONG_USAGE
    except BlockingIOError:
        log.critical("Another gateway works on these folders.")
        return WRONG_USAGE


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )

    def option(name: str, variable: str, explained: str) -> None:
        default = environment.get(variable, "").strip()
        parser.add_argument(name, default=default, required=not default, metavar="…", help=f"{explained} [{variable}]")

    option("--url", "MEDIAHUB_URL", "where MediaHub answers: https://media.example.com")
    option("--key", "MEDIAHUB_GATEWAY_KEY", "an API key with the scope gateway")
    option("--device", "MEDIAHUB_DEVICE_ID", "the id of the device that this gateway speaks for")
    option("--inbox", "GATEWAY_INBOX", "the folder that received files are dropped into")
    option("--outbox", "GATEWAY_OUTBOX", "the folder that messages to send appear in")
    parser.add_argument("--once", action="store_true", help="do what there is to do, and end")
    for name, default, explained in NUMBERS:
        parser.add_argument(
            name, type=_whole_number, metavar="N", default=default, help=f"{explained} (default: {default})"
        )
    return parser


def _whole_number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    parts = _address(options.url)
    if parts is None:
        parser.error("--url has to begin with https:// (or http://) and a host, and a port is a number")
    if not options.key.isascii() or not options.key.isprintable():
        parser.error("--key holds characters that no key has")
    if not 0 <= options.wait <= 30 or not 1 <= options.max <= 100:  # noqa: PLR2004 - MediaHub's bounds
        parser.error("--wait is 0 to 30, --max 1 to 100")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        log.warning("Over http:// the key and the media can be read on the way.")
    for name in ("inbox", "outbox"):
        _make(parser, options, name)


def _address(url: str) -> SplitResult | None:
    """The parts of an address; None where it is none."""
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_one else None


def _make(parser: argparse.ArgumentParser, options: argparse.Namespace, name: str) -> None:
    folder = Path(getattr(options, name))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LOCK).touch()
    except OSError as error:
        parser.error(f"--{name} {folder} cannot be used: {error.strerror}")
    setattr(options, name, folder)


def _stop_on_signals() -> Event:
    stop = Event()

    def end(number: int, _frame: FrameType | None) -> None:
        log.info("Stopping: what is in hand is finished first. Once more ends it at once, which loses nothing either.")
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stop


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Error: `BlockingIOError` where another gateway has it. The system takes the lock off whoever dies."""
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _work(options: argparse.Namespace, stop: Event) -> int:
    inbox, outbox = _opened(options)
    if options.once:
        # Both, whatever the first says.
        done = [inbox.look(stop, Patience(stop)), outbox.empty(stop)]
        return OK if all(done) else SOMETHING_LEFT
    log.info("At work for device %s at %s", options.device, options.url)
    _side_by_side(inbox.run, outbox.run, stop=stop)
    log.info("Stopped.")
    return OK


def _opened(options: argparse.Namespace) -> tuple[Inbox, Outbox]:
    """Error: `Unusable`."""
    mediahub = MediaHub(url=options.url, key=options.key, device_id=options.device)
    try:
        inbox = Inbox(options.inbox, mediahub=mediahub, settle_seconds=options.settle, keep_days=options.keep_days)
        return inbox, _outbox(options, mediahub)
    except OtherDevice as other:
        raise Unusable(f"{options.outbox} tells what was sent for device {other}: give another --outbox") from None
    except OSError as error:
        raise Unusable(f"{error.filename} cannot be used: {error.strerror}") from None
    except sqlite3.Error as error:
        raise Unusable(f"{options.outbox / JOURNAL} cannot be used: {error}") from None


def _outbox(options: argparse.Namespace, mediahub: MediaHub) -> Outbox:
    return Outbox(
        options.outbox,
        mediahub=mediahub,
        device_id=options.device,
        most=options.max,
        wait_seconds=options.wait,
        give_up_after=options.give_up,
        keep_days=options.keep_days,
    )


def _side_by_side(*runs: Callable[[Event], None], stop: Event) -> None:
    """Run each in a thread; where one fails, the others stop, and its error is raised."""

    def until_stopped(run: Callable[[Event], None]) -> None:
        try:
            run(stop)
        finally:
            stop.set()

    with ThreadPoolExecutor(max_workers=len(runs)) as threads:
        for done in [threads.submit(until_stopped, run) for run in runs]:
            done.result()


if __name__ == "__main__":
    sys.exit(main())
