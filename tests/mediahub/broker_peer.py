"""A process that sends to or takes from the file broker: `broker_peer.py FOLDER send FIRST COUNT | take`."""

import sys
from pathlib import Path
from queue import Empty

from kombu import Connection
from kombu.simple import SimpleQueue

from mediahub import connections

# Longer than a page of a disk, so that a half-written message would be seen.
FILLING = "x" * 8_000
# A peer that sends may be slow to start; once messages flow, a pause this long is their end.
FIRST_SECONDS = 60.0
IDLE_SECONDS = 3.0


def queue(folder: Path) -> SimpleQueue:
    """The queue that all peers share."""
    url, transport, options = connections.broker("", var=folder, task_limit_seconds=1)
    return Connection(url, transport=transport, transport_options=options).SimpleQueue("peers")


def send(folder: Path, first: int, count: int) -> None:
    """Send numbered messages."""
    waiting = queue(folder)
    for number in range(first, first + count):
        waiting.put({"number": number, "filling": FILLING})


def take(folder: Path) -> None:
    """Write the number of every message that arrives whole, until none came for a while."""
    waiting = queue(folder)
    patience = FIRST_SECONDS
    while True:
        try:
            message = waiting.get(timeout=patience)
        except Empty:
            return
        patience = IDLE_SECONDS
        whole = message.payload["filling"] == FILLING
        sys.stdout.write(f"{message.payload['number'] if whole else 'half'}\n")
        sys.stdout.flush()
        message.ack()


if __name__ == "__main__":
    place, what, *numbers = sys.argv[1:]
    if what == "send":
        send(Path(place), int(numbers[0]), int(numbers[1]))
    else:
        take(Path(place))
