"""Journal: which messages were handed over, and which receipts MediaHub has yet to hear of. It survives every death.

MediaHub gives a message to a gateway at least once. That it is sent no more than once is up to this file. It tells
messages apart by their ids, which are unique for one device only: a journal belongs to its device.
"""

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

DAY_SECONDS = 86_400

SCHEMA = """
CREATE TABLE IF NOT EXISTS device (
    device_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (
    message_id TEXT PRIMARY KEY,
    network_message_id TEXT NOT NULL,
    handed_over_at REAL
);
CREATE TABLE IF NOT EXISTS spoiled (
    message_id TEXT PRIMARY KEY,
    times INTEGER NOT NULL,
    last_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS receipts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL
);
"""


class OtherDevice(Exception):  # noqa: N818 - what it is
    """The journal is of this other device, and a message of ours could be taken for one of its own."""


class Journal:
    """One file, used by the thread that made it. Errors: `OtherDevice`, sqlite3.Error."""

    def __init__(self, path: Path, *, device_id: str) -> None:
        self._rows = sqlite3.connect(path, isolation_level=None)
        self._rows.execute("PRAGMA synchronous = FULL")
        self._rows.executescript(SCHEMA)
        self._insist_on(device_id)

    def close(self) -> None:
        """Nothing is lost where it is not called."""
        self._rows.close()

    def network_id_of(self, message_id: str) -> str | None:
        """What the network calls a message that was handed over; None for one that was not."""
        asked = "SELECT network_message_id FROM messages WHERE message_id = ? AND handed_over_at IS NOT NULL"
        with closing(self._rows.execute(asked, [message_id])) as found:
            row = found.fetchone()
        return str(row[0]) if row else None

    def begin(self, message_id: str, network_message_id: str) -> None:
        """It is about to be handed over: whoever finds this after a crash has to look whether it was."""
        row = [message_id, network_message_id]
        self._rows.execute("INSERT OR REPLACE INTO messages (message_id, network_message_id) VALUES (?, ?)", row)

    def take_back(self, message_id: str) -> None:
        """It was begun, and could not be handed over."""
        self._rows.execute("DELETE FROM messages WHERE message_id = ? AND handed_over_at IS NULL", [message_id])

    def begun(self) -> list[tuple[str, str]]:
        """Message id and network's id of what was begun and not finished."""
        asked = "SELECT message_id, network_message_id FROM messages WHERE handed_over_at IS NULL"
        return list(self._rows.execute(asked))

    def finish(self, message_id: str, receipt: Mapping[str, object]) -> None:
        """It was handed over, and MediaHub is to hear of it: both are noted, or neither."""
        self._rows.execute("BEGIN IMMEDIATE")
        with self._rows:
            row = [time.time(), message_id]
            self._rows.execute("UPDATE messages SET handed_over_at = ? WHERE message_id = ?", row)
            self._note(receipt)

    def spoil(self, message_id: str) -> int:
        """It came damaged, or was refused; how often by now."""
        self._rows.execute("BEGIN IMMEDIATE")
        with self._rows:
            self._rows.execute("INSERT OR IGNORE INTO spoiled VALUES (?, 0, 0)", [message_id])
            row = [time.time(), message_id]
            self._rows.execute("UPDATE spoiled SET times = times + 1, last_at = ? WHERE message_id = ?", row)
            (times,) = self._rows.execute("SELECT times FROM spoiled WHERE message_id = ?", [message_id]).fetchone()
        return int(times)

    def note(self, *receipts: Mapping[str, object]) -> None:
        """MediaHub is to hear of these, all of them or none."""
        self._rows.execute("BEGIN IMMEDIATE")
        with self._rows:
            for receipt in receipts:
                self._note(receipt)

    def receipts(self, most: int) -> list[tuple[int, dict[str, Any]]]:
        """The oldest that MediaHub has yet to hear of, with their numbers."""
        asked = "SELECT number, document FROM receipts ORDER BY number LIMIT ?"
        return [(number, json.loads(document)) for number, document in self._rows.execute(asked, [most])]

    def heard(self, numbers: Sequence[int]) -> None:
        """MediaHub knows."""
        self._rows.execute("BEGIN IMMEDIATE")
        with self._rows:
            self._rows.executemany("DELETE FROM receipts WHERE number = ?", [[number] for number in numbers])

    def forget(self, *, older_than_days: int) -> None:
        """Let go of messages that MediaHub will not offer again."""
        moment = time.time() - older_than_days * DAY_SECONDS
        self._rows.execute("DELETE FROM messages WHERE handed_over_at < ?", [moment])
        self._rows.execute("DELETE FROM spoiled WHERE last_at < ?", [moment])

    def _insist_on(self, device_id: str) -> None:
        with closing(self._rows.execute("SELECT device_id FROM device")) as found:
            row = found.fetchone()
        if row is None:
            # A new one, or one from before journals had a device.
            self._rows.execute("INSERT INTO device (device_id) VALUES (?)", [device_id])
        elif row[0].lower() != device_id.lower():
            raise OtherDevice(row[0])

    def _note(self, receipt: Mapping[str, object]) -> None:
        self._rows.execute("INSERT INTO receipts (document) VALUES (?)", [json.dumps(receipt)])
