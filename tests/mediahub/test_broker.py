"""The file broker, shared by processes that die."""

import os
import subprocess
import sys
import time
from pathlib import Path
from queue import Empty
from typing import Any

import pytest

from tests.mediahub.broker_peer import queue

PEER = [sys.executable, "-m", "tests.mediahub.broker_peer"]


def start(folder: Path, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PEER, str(folder), *map(str, words)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ,
    )


def read_lines(peer: subprocess.Popen[str], count: int) -> list[str]:
    assert peer.stdout
    return [peer.stdout.readline().strip() for _ in range(count)]


def read_rest(peer: subprocess.Popen[str]) -> list[str]:
    # Not communicate(): it passes over what readline() has buffered.
    assert peer.stdout
    with peer.stdout:
        lines = peer.stdout.read().split()
    peer.wait()
    return lines


class TestWaiting:
    def test_is_never_so_long_that_a_worker_could_not_stop(self, tmp_path: Path) -> None:
        connection: Any = queue(tmp_path).channel.connection  # type: ignore[attr-defined]  # missing from the stubs
        began = time.monotonic()
        connection.client.drain_events(timeout=20)
        assert time.monotonic() - began < 2

    def test_ends_when_it_was_asked_to(self, tmp_path: Path) -> None:
        with pytest.raises(Empty):
            queue(tmp_path).get(timeout=0.3)


@pytest.mark.faults
@pytest.mark.timeout(120)
class TestFileBroker:
    def test_gives_each_of_thousands_of_messages_to_one_of_two_consumers(self, tmp_path: Path) -> None:
        senders = [start(tmp_path, "send", first, 1500) for first in (0, 1500)]
        takers = [start(tmp_path, "take") for _ in range(2)]
        taken = [number for taker in takers for number in read_rest(taker)]
        assert [read_rest(sender) for sender in senders] == [[], []]
        assert [peer.returncode for peer in (*senders, *takers)] == [0, 0, 0, 0]
        assert sorted(map(int, taken)) == list(range(3000))

    def test_loses_nothing_but_the_message_in_flight_to_a_killed_consumer(self, tmp_path: Path) -> None:
        sender = start(tmp_path, "send", 0, 2000)
        victim, other = start(tmp_path, "take"), start(tmp_path, "take")
        taken = read_lines(victim, 100)
        victim.kill()
        taken += read_rest(victim) + read_rest(other)
        assert read_rest(sender) == []
        assert len(set(taken)) == len(taken)
        assert set(map(int, taken)) <= set(range(2000))
        assert len(taken) >= 1999

    def test_shows_no_half_message_of_a_killed_sender(self, tmp_path: Path) -> None:
        sender, taker = start(tmp_path, "send", 0, 100_000), start(tmp_path, "take")
        taken = read_lines(taker, 200)
        sender.kill()
        read_rest(sender)
        taken += read_rest(taker)
        assert taker.returncode == 0
        assert list(map(int, taken)) == list(range(len(taken)))

    def test_removes_what_a_killed_sender_left_behind(self, tmp_path: Path) -> None:
        messages = tmp_path / "broker" / "messages"
        messages.mkdir(parents=True)
        left, fresh = messages / ".left.part", messages / ".fresh.part"
        left.touch()
        fresh.touch()
        os.utime(left, (0, 0))
        assert read_rest(start(tmp_path, "send", 0, 0)) == []
        assert not left.exists()
        assert fresh.exists()
