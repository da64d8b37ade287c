"""Other people's addresses and URLs: the folder that SAMPLES names, with its two lists (README.md there)."""

import csv
import os
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from safe_http import Policy, Refused, SourceForbidden, fetch
from safe_http.addresses import why_forbidden
from tests.safe_http.internet import Internet, believed

FOLDER = Path(os.environ.get("SAMPLES", ""))

# tests/conftest.py prints what is told as a summary.
Tell = Callable[[str, object], None]

pytestmark = pytest.mark.skipif("SAMPLES" not in os.environ, reason="SAMPLES names no folder of sample files")


def rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def ends_as(url: str, internet: Internet) -> str:
    """`block` where it was refused before anything was sent, `allow` where it went out to an address."""
    with pytest.raises(Refused) as caught:
        fetch(
            url,
            sink=lambda _: None,
            max_bytes=1_000,
            deadline_seconds=5,
            policy=Policy(),
            resolver=internet.resolver,
            tls=believed().believer(),
        )
    forbidden = isinstance(caught.value, SourceForbidden)
    if forbidden == bool(internet.connected):
        return f"{caught.value!r} after {internet.connected}"
    return "block" if forbidden else "allow"


class TestSamples:
    def test_addresses_are_judged_as_they_should_be(self, record_property: Tell) -> None:
        verdicts = [
            (row, "block" if why_forbidden(ip_address(row["address"])) else "allow")
            for row in rows("ssrf_addresses.tsv")
        ]
        wrong = [row["address"] for row, verdict in verdicts if verdict != row["expect"]]
        record_property("summary", f"{len(verdicts) - len(wrong)} of {len(verdicts)} addresses")
        assert verdicts
        assert wrong == []

    def test_urls_are_fetched_or_refused_as_they_should_be(self, record_property: Tell) -> None:
        wrong, count = {}, 0
        for row in rows("ssrf_urls.tsv"):
            count += 1
            answers = row["dns_answers"].replace(",", " ").split()
            internet = Internet(answers_to_all=answers)
            with internet.plugged_in():
                if (verdict := ends_as(row["url"], internet)) != row["expect"]:
                    wrong[row["url"]] = verdict
        record_property("summary", f"{count - len(wrong)} of {count} URLs")
        assert count
        assert wrong == {}
