"""Other people's files, through HTTP: the folder that SAMPLES names, with its list media.tsv (README.md there)."""

import csv
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from media_store import kinds
from tests.people import Answer, Person, bytes_of

FOLDER = Path(os.environ.get("SAMPLES", ""))
OCTETS = "application/octet-stream"
# API.md's table: what is served as itself.
SERVED = {
    "image/jpeg",
    "image/png",
    "image/webp",
    "video/mp4",
    "audio/mpeg",
    "audio/ogg",
    "application/pdf",
    "audio/mp4",
}
NEVER_ITSELF = {"other", "active", "disguised"}
BOMB_SECONDS = 1.0
MESSAGE_TYPES = ("document", "image", "video", "audio", "sticker")

# tests/conftest.py prints what is told as a summary.
Tell = Callable[[str, object], None]

pytestmark = [
    pytest.mark.skipif("SAMPLES" not in os.environ, reason="SAMPLES names no folder of sample files"),
    pytest.mark.django_db,
    pytest.mark.timeout(300),
]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A row of the list."""

    file: str
    true_mime: str
    group: str

    @property
    def content(self) -> bytes:
        return (FOLDER / self.file).read_bytes()

    @property
    def served_as(self) -> set[str]:
        """The types that a download of it may have."""
        if self.group == "broken":
            return {*SERVED, OCTETS}
        itself = self.true_mime in SERVED and self.group not in NEVER_ITSELF
        return {self.true_mime if itself else OCTETS}


def samples() -> Iterator[Sample]:
    with (FOLDER / "media.tsv").open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield Sample(file=row["file"], true_mime=row["true_mime"], group=row["class"])


@pytest.fixture
def alice() -> Person:
    return Person.named("alice")


def faults_of(sample: Sample, got: Answer) -> Iterator[str]:
    """What is wrong with a download of this file."""
    if got.status_code != 200:
        yield f"status {got.status_code}"
        return
    if bytes_of(got) != sample.content:
        yield "other bytes"
    if got["Content-Type"] not in sample.served_as:
        yield f"served as {got['Content-Type']}, and is {sample.true_mime}"
    if got["X-Content-Type-Options"] != "nosniff" or "sandbox" not in got["Content-Security-Policy"]:
        yield "without the headers that make it harmless"
    if got["Content-Type"] == OCTETS and not got["Content-Disposition"].startswith("attachment"):
        yield "opened in the browser"


class TestSamples:
    def test_are_stored_byte_for_byte_and_served_as_what_they_are_whatever_they_are_declared(
        self, alice: Person, record_property: Tell
    ) -> None:
        wrong: dict[str, object] = {}
        groups: dict[str, list[bool]] = {}
        for sample in samples():
            began = time.monotonic()
            answer = alice.api.upload(sample.content, content_type="text/html")
            faults = [f"upload {answer.status_code}"] if answer.status_code != 201 else []
            if not faults:
                faults = list(faults_of(sample, alice.api.download(answer.json()["media_path"])))
            if sample.group == "bomb" and time.monotonic() - began > BOMB_SECONDS:
                faults.append("took too long")
            wrong |= {sample.file: faults} if faults else {}
            groups.setdefault(sample.group, []).append(not faults)
        record_property(
            "summary", "; ".join(f"{name} {sum(held)} of {len(held)}" for name, held in sorted(groups.items()))
        )
        assert sum(map(len, groups.values())) > 0
        assert wrong == {}

    @pytest.mark.faults
    def test_are_sent_where_the_type_of_message_allows(self, alice: Person, record_property: Tell) -> None:
        wrong, answers = {}, Counter[tuple[str, int]]()
        for sample in samples():
            for message_type in MESSAGE_TYPES:
                answer = alice.api.send(alice.device, sample.content, type=message_type)
                answers[message_type, answer.status_code] += 1
                if faults := list(faults_of_message(sample, answer, kinds.DEFAULTS[message_type])):
                    wrong[sample.file, message_type] = faults
        for message_type in MESSAGE_TYPES:
            taken, too_large, refused = (answers[message_type, status] for status in (201, 413, 422))
            record_property("summary", f"as {message_type}: {taken} taken, {too_large + refused} refused")
        assert wrong == {}


def faults_of_message(sample: Sample, answer: Answer, kind: kinds.Kind) -> Iterator[str]:
    """A message is taken or refused by what the file is, and never a fault."""
    if answer.status_code not in (201, 413, 422):
        yield f"status {answer.status_code}"
    if sample.group != "valid":
        return
    fits = len(sample.content) <= kind.max_bytes and kind.allows(sample.true_mime)
    if fits and answer.status_code != 201:
        yield f"{sample.true_mime} refused: {answer.json()['detail']}"
    if not kind.allows(sample.true_mime) and answer.status_code == 201:
        yield f"{sample.true_mime} taken"
