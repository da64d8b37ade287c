"""Outbox: messages are claimed, downloaded, checked, handed to the network once, and reported on.

The order in which things are noted: staged files, "begun", handed over, "finished" with its receipt in one
transaction, reported. A death anywhere in between is mended at the next start or by the end of the lease, a full
disk at the next look.
"""

import hashlib
import logging
import os
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

from client import Away, LockedOut, MediaHub, Refused, downloading
from journal import Journal
from network import FolderNetwork
from patience import MOST_ASKED_SECONDS, Patience

JOURNAL = ".journal.sqlite3"
RECEIPTS_AT_ONCE = 500
IDLE_SECONDS = 1.0
TIDY_SECONDS = 3600.0

log = logging.getLogger("outbox")


class Corrupt(Exception):  # noqa: N818 - what it is
    """What was downloaded is not what the message speaks of."""


class Outbox:
    """What is to be sent for one device. Errors of an unfit folder: `OtherDevice`, OSError, sqlite3.Error."""

    def __init__(  # noqa: PLR0913 - what an outbox is made of, each by its name
        self,
        folder: Path,
        *,
        mediahub: MediaHub,
        device_id: str,
        most: int,
        wait_seconds: int,
        give_up_after: int,
        keep_days: int,
    ) -> None:
        self._mediahub = mediahub
        self._device_id = device_id
        self._network = FolderNetwork(folder)
        self._journal_file = folder / JOURNAL
        self._most = most
        self._wait_seconds = wait_seconds
        self._give_up_after = give_up_after
        self._keep_days = keep_days
        # Before anything is sent: is it ours?
        self._journal().close()

    def run(self, stop: Event) -> None:
        """Send whatever comes, until it is time to stop. Error: `LockedOut`."""
        with closing(self._journal()) as journal:
            work = _Work(self._mediahub, self._network, journal, stop, give_up_after=self._give_up_after)
            tidied_at = -TIDY_SECONDS
            while not stop.is_set():
                work.look(most=self._most, wait_seconds=self._wait_seconds)
                if time.monotonic() > tidied_at + TIDY_SECONDS:
                    tidied_at = time.monotonic()
                    with suppress(sqlite3.OperationalError):
                        # A full disk: the next hour will do.
                        journal.forget(older_than_days=self._keep_days)

    def empty(self, stop: Event) -> bool:
        """Send what is there, and return; whether all went well. Error: `LockedOut`."""
        with closing(self._journal()) as journal:
            work = _Work(self._mediahub, self._network, journal, stop, give_up_after=self._give_up_after)
            while not stop.is_set():
                found = work.look(most=self._most, wait_seconds=0)
                if found is None or not found:
                    return found is not None and not work.failures and not journal.receipts(1)
        return False

    def _journal(self) -> Journal:
        return Journal(self._journal_file, device_id=self._device_id)


class _Work:
    """One run over the outbox."""

    def __init__(
        self, mediahub: MediaHub, network: FolderNetwork, journal: Journal, stop: Event, *, give_up_after: int
    ) -> None:
        self._mediahub = mediahub
        self._network = network
        self._journal = journal
        self._stop = stop
        self._give_up_after = give_up_after
        self._patience = Patience(stop)
        self._patience_with_the_disk = Patience(stop)
        self._is_in_order = False
        self.failures = 0

    def look(self, *, most: int, wait_seconds: int) -> int | None:
        """How many messages there were: the last receipts are reported, then some are claimed and sent.

        None where MediaHub was away, or nothing could be noted. Error: `LockedOut`.
        """
        try:
            found = self._look(most=most, wait_seconds=wait_seconds)
        except Away as away:
            log.warning("MediaHub is away, %s", away)
            self._patience.wait(asked=away.retry_after)
            return None
        except (OSError, sqlite3.OperationalError) as error:
            # A full disk, mostly, which passes. What was begun by then may have been handed over.
            self._is_in_order = False
            log.warning("Messages to send wait: nothing can be noted, %s", error)
            self._patience_with_the_disk.wait()
            return None
        self._patience_with_the_disk.reset()
        return found

    def _look(self, *, most: int, wait_seconds: int) -> int:
        """Errors: `Away`, `LockedOut`; OSError and sqlite3.OperationalError where something cannot be noted."""
        began_at = time.monotonic()
        self._recover()
        self._report()
        messages, asked = self._mediahub.claim(most=most, wait=wait_seconds)
        self._patience.reset()
        self._send_all(messages)
        if not messages and wait_seconds and time.monotonic() < began_at + IDLE_SECONDS:
            # It did not let us wait: too many do already.
            self._stop.wait(min(max(asked or 0, IDLE_SECONDS), MOST_ASKED_SECONDS))
        return len(messages)

    def _recover(self) -> None:
        """Finish what was begun when this gateway died, or could not note what it did."""
        if self._is_in_order:
            return
        for message_id, network_id in self._journal.begun():
            log.info("%s was being handed over when this gateway could not go on", message_id)
            self._finish(message_id, network_id)
        self._is_in_order = True

    def _send_all(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            if self._stop.is_set():
                log.info("%s goes back when its lease is over", message["message_id"])
            else:
                self._send(message)
        if messages:
            self._report_if_possible()

    def _send(self, message: Mapping[str, Any]) -> None:
        message_id = message["message_id"]
        known_as = self._journal.network_id_of(message_id)
        if known_as:
            log.info("%s was handed over before: it is only reported again", message_id)
            self._journal.note(_sent(message_id, known_as))
            return
        try:
            self._prepare(message)
        except Away as away:
            self._leave(message_id, str(away))
            self._patience.wait(asked=away.retry_after)
        except (Refused, Corrupt) as error:
            self._leave(message_id, str(error))
            self._give_up_at_last(message_id)
        except OSError as error:
            self._leave(message_id, f"cannot write: {error.strerror}")
            self._patience.wait()
        else:
            self._hand_over(message)

    def _prepare(self, message: Mapping[str, Any]) -> None:
        file = self._network.prepare(message)
        _download(message, file)
        self._network.describe(message, file)

    def _hand_over(self, message: Mapping[str, Any]) -> None:
        message_id = message["message_id"]
        network_id = self._network.network_id_for(message_id)
        self._journal.begin(message_id, network_id)
        if self._finish(message_id, network_id):
            log.info("%s is handed over as %s, %s bytes", message_id, network_id, message["size"])

    def _finish(self, message_id: str, network_id: str) -> bool:
        """Hand over what was begun; False where that failed, which must not hold up other messages."""
        try:
            self._network.hand_over(message_id)
        except OSError as error:
            # Before its files go: what was begun and has none counts as sent.
            self._journal.take_back(message_id)
            self._leave(message_id, f"cannot be handed over: {error.strerror}")
            return False
        self._journal.finish(message_id, _sent(message_id, network_id))
        return True

    def _leave(self, message_id: str, reason: str) -> None:
        """MediaHub offers it again, with a new content URL, when the lease is over."""
        self.failures += 1
        self._network.drop(message_id)
        log.warning("%s is left until it is offered again: %s", message_id, reason)

    def _give_up_at_last(self, message_id: str) -> None:
        # Not by MediaHub's count of claims: most leases that end do so because something was away.
        times = self._journal.spoil(message_id)
        if times < self._give_up_after:
            return
        log.error("%s is given up: damaged or refused %s times", message_id, times)
        self._journal.note({"message_id": message_id, "state": "failed", "at": _now()})

    def _report_if_possible(self) -> None:
        try:
            self._report()
        except Away as away:
            log.warning("Receipts wait: MediaHub is away, %s", away)

    def _report(self) -> None:
        for file, receipts in self._network.receipts():
            self._journal.note(*receipts)
            file.unlink()
        while noted := self._journal.receipts(RECEIPTS_AT_ONCE):
            self._report_together(noted)

    def _report_together(self, noted: list[tuple[int, dict[str, Any]]]) -> None:
        try:
            results = self._mediahub.report([receipt for _, receipt in noted])
        except LockedOut:
            raise
        except Refused as refused:
            # One that is no receipt must not hold up the others.
            self._report_apart(noted, refused)
            return
        for result in results:
            if result["outcome"] == "unknown":
                log.warning("MediaHub knows no message %s", result["message_id"] or result["network_message_id"])
        self._journal.heard([number for number, _ in noted])

    def _report_apart(self, noted: list[tuple[int, dict[str, Any]]], refused: Refused) -> None:
        if len(noted) > 1:
            for one in noted:
                self._report_together([one])
            return
        log.error("A receipt was refused and is dropped: %s; it said %s", refused, noted[0][1])
        self._journal.heard([noted[0][0]])


def _download(message: Mapping[str, Any], file: Path) -> None:
    """Write the bytes into the file, on the disk when it returns. Errors: `Away`, `Refused`, `Corrupt`, OSError."""
    size, digest = 0, hashlib.sha256()
    with downloading(message["content_url"]) as chunks, file.open("wb") as kept:
        for chunk in chunks:
            size += len(chunk)
            if size > message["size"]:
                break
            digest.update(chunk)
            kept.write(chunk)
        kept.flush()
        os.fsync(kept.fileno())
    if size != message["size"]:
        raise Corrupt(f"{message['size']} bytes were announced, {'more' if size > message['size'] else size} came")
    if digest.hexdigest() != message["sha256"]:
        raise Corrupt("the checksum is another one")


def _sent(message_id: str, network_id: str) -> dict[str, str]:
    return {"message_id": message_id, "network_message_id": network_id, "state": "sent", "at": _now()}


def _now() -> str:
    return datetime.now(UTC).isoformat()
