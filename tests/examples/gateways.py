"""examples/gateway as its users start it: a process with two folders and a log."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.installation import ROOT
from tests.processes import die_with_parent

PROGRAM = ROOT / "examples" / "gateway" / "gateway.py"
SECONDS = 30


def eventually(holds: Callable[[], object]) -> None:
    """Return once it holds."""
    ends_at = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < ends_at, "it never came to that"
        time.sleep(0.02)


class Gateway:
    """One gateway's folders and settings; its processes come and go."""

    def __init__(self, *, url: str, key: str, device_id: str, folder: Path) -> None:
        self.env = {"MEDIAHUB_URL": url, "MEDIAHUB_GATEWAY_KEY": key, "MEDIAHUB_DEVICE_ID": device_id}
        self.inbox, self.outbox = folder / "inbox", folder / "outbox"
        self._log = folder / "gateway.log"
        self._log.touch()
        for made in (self.inbox, self.outbox):
            made.mkdir()

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text()

    def once(self, *options: str) -> int:
        """Let it do what there is to do; its exit code."""
        with self.running("--once", *options) as process:
            return process.wait(SECONDS)

    @contextmanager
    def running(self, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
        """At work until the block ends, and killed then."""
        folders = ("--inbox", str(self.inbox), "--outbox", str(self.outbox))
        with self._log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, str(PROGRAM), *folders, "--settle", "0", "--wait", "1", *options],
                env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **self.env},
                stdout=out,
                stderr=out,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL),
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait(SECONDS)

    def drop(self, name: str, content: bytes, **said: object) -> None:
        """A received file, with what is said of it beside it."""
        if said:
            (self.inbox / f"{name}.message.json").write_text(json.dumps(said))
        (self.inbox / f".{name}").write_bytes(content)
        (self.inbox / f".{name}").rename(self.inbox / name)

    def results(self, where: str) -> list[dict[str, Any]]:
        """What became of the files in done/ or failed/."""
        return [json.loads(file.read_text()) for file in (self.inbox / where).glob("*/result.json")]

    def waiting_files(self) -> list[str]:
        """What lies in the inbox, and what was taken from it and is not done."""
        taken = (self.inbox / ".taken").iterdir() if (self.inbox / ".taken").exists() else ()
        dropped = [path.name for path in self.inbox.iterdir() if path.is_file() and not path.name.startswith(".")]
        return sorted([*dropped, *(path.name for path in taken)])

    def sent(self) -> dict[str, dict[str, Any]]:
        """What the network was given, by message id, each with its bytes."""
        told = [(file, json.loads(file.read_text())) for file in self.outbox.glob("*/message.json")]
        return {
            document["message_id"]: {**document, "content": (file.parent / document["file"]).read_bytes()}
            for file, document in told
        }

    def hear(self, *receipts: dict[str, Any]) -> None:
        """What the network says of messages that it was given."""
        beside = self.outbox / "receipts" / ".new"
        beside.parent.mkdir(exist_ok=True)
        beside.write_text(json.dumps(receipts))
        beside.rename(beside.with_name(f"{time.monotonic_ns()}.json"))

    def forget_the_end_of(self, message_id: str) -> None:
        """Leave the journal as it is in the middle of handing over."""
        self.change_the_journal("UPDATE messages SET handed_over_at = NULL WHERE message_id = ?", message_id)

    def change_the_journal(self, statement: str, *values: str) -> None:
        """What this program would not do: make it as an older one left it, or as one that was killed did."""
        with closing(sqlite3.connect(self.outbox / ".journal.sqlite3")) as rows, rows:
            rows.execute(statement, values)
