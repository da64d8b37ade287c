"""Real files by other people: the folder that SAMPLES names, with its list media.tsv."""

import csv
import os
from functools import cache
from pathlib import Path

import pytest

from media_store.mime_types import SERVED_TYPES, UNKNOWN, served_type
from tests.media_store.sniffed import LIBRARIES, sniffed_folder

SAMPLES = os.environ.get("SAMPLES", "")
HOSTILE_SECONDS = 1

pytestmark = [
    pytest.mark.skipif(not SAMPLES, reason="SAMPLES names no folder of sample files"),
    pytest.mark.parametrize("library", LIBRARIES),
]


@cache
def rows(*classes: str) -> list[dict[str, str]]:
    """The list's rows of these classes."""
    with (Path(SAMPLES) / "media.tsv").open(newline="") as file:
        found = [row for row in csv.DictReader(file, delimiter="\t") if row["class"] in classes]
    assert found
    return found


@cache
def told(library: str) -> dict[str, tuple[str, float]]:
    """Type and seconds of each file, by its name in the list."""
    return sniffed_folder(Path(SAMPLES), library=library)


def wrong(library: str, *classes: str) -> list[tuple[str, str, str]]:
    """Name, true type and answer, where the answer is not the true type."""
    answers = [(row["file"], row["true_mime"], told(library)[row["file"]][0]) for row in rows(*classes)]
    return [(name, true, found) for name, true, found in answers if found != true]


class TestSamples:
    def test_valid_files_are_what_they_are(self, library: str) -> None:
        assert wrong(library, "valid") == []

    def test_polyglots_are_what_contains_them(self, library: str) -> None:
        assert wrong(library, "polyglot") == []

    def test_nothing_else_is_served_under_a_type_of_its_own(self, library: str) -> None:
        files = rows("other", "active", "disguised")
        assert {served_type(told(library)[row["file"]][0]) for row in files} == {UNKNOWN}

    def test_broken_files_are_their_kind_or_unknown(self, library: str) -> None:
        assert {served_type(told(library)[row["file"]][0]) for row in rows("broken")} <= SERVED_TYPES | {UNKNOWN}

    def test_bombs_take_no_time(self, library: str) -> None:
        assert max(told(library)[row["file"]][1] for row in rows("bomb")) < HOSTILE_SECONDS

    def test_no_file_is_without_an_answer(self, library: str) -> None:
        files = rows("valid", "other", "active", "disguised", "polyglot", "bomb", "broken")
        assert [row["file"] for row in files if not told(library)[row["file"]][0]] == []
