"""The table of problem codes, the one source for answers, the document and the page."""

import json
import re
from collections.abc import Iterator

import pytest
from django.test import Client

from devices import errors as devices_errors
from media_store import errors as media_errors
from problems import answers, errors
from problems.errors import Problem
from problems.table import TABLE, Entry
from tests.isolation import ROOT

NGINX = ROOT / "deploy" / "nginx.conf"
ROOMS = (devices_errors, media_errors, errors)


def subclasses(base: type[Problem] = Problem) -> Iterator[type[Problem]]:
    for subclass in base.__subclasses__():
        yield subclass
        yield from subclasses(subclass)


OURS = [each for each in subclasses() if each.__module__ in {room.__name__ for room in ROOMS}]


class TestTheTable:
    @pytest.mark.parametrize("problem", OURS, ids=lambda problem: problem.__name__)
    def test_holds_the_code_of_every_problem(self, problem: type[Problem]) -> None:
        assert problem.code in TABLE
        assert problem.__doc__

    @pytest.mark.parametrize("code", TABLE)
    def test_has_a_use_for_every_code(self, code: str) -> None:
        by_status = set(answers._BY_STATUS.values()) | {"internal_error", "too_large", "forbidden", "malformed"}
        by_nginx = set(re.findall(r'"code":"(\w+)"', NGINX.read_text()))
        assert code in {problem.code for problem in OURS} | by_status | by_nginx

    def test_holds_what_nginx_answers_by_itself(self) -> None:
        said = re.findall(r"return (\d+) '(\{.*\})';", NGINX.read_text())
        assert len(said) == 2
        for status, text in said:
            problem = json.loads(text)
            entry = TABLE[problem["code"]]
            assert int(status) == entry.status
            assert problem == answers.body(entry=entry, detail=problem["detail"], request_id=None)

    @pytest.mark.parametrize("entry", TABLE.values(), ids=list(TABLE))
    def test_says_what_a_code_means_and_what_to_do(self, entry: Entry) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", entry.code)
        assert 400 <= entry.status < 600
        assert entry.title
        assert not entry.title.endswith(".")
        assert entry.advice.endswith(".")

    def test_is_documented_code_by_code_where_the_type_of_an_answer_leads(self, client: Client) -> None:
        page = client.get("/api/problems").content.decode()
        for entry in TABLE.values():
            assert f'id="{entry.code}"' in page
            assert entry.title in page.replace("&#x27;", "'")

    @pytest.mark.parametrize("entry", TABLE.values(), ids=list(TABLE))
    def test_leads_from_an_answer_to_its_row(self, entry: Entry) -> None:
        body = answers.body(entry=entry, detail="What went wrong.", request_id="r1")
        assert body == {
            "type": f"/api/problems#{entry.code}",
            "title": entry.title,
            "status": entry.status,
            "detail": "What went wrong.",
            "code": entry.code,
            "request_id": "r1",
        }
