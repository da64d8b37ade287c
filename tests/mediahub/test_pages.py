"""The pages for people."""

import json
import re

import pytest
import yaml
from django.test import Client

from mediahub import pages
from tests.people import bytes_of

ELSEWHERE = re.compile(r"""(?:src|href)=["'](?:https?:)?//""")


def page(path: str) -> str:
    return bytes_of(Client().get(path)).decode()


class TestIndex:
    def test_says_what_this_is_and_where_to_go(self) -> None:
        content = page("/")
        assert "<h1>MediaHub</h1>" in content
        for path in ("/api/docs", "/api/schema", "/admin/"):
            assert f'href="{path}"' in content

    @pytest.mark.django_db
    @pytest.mark.parametrize("path", ["/api/docs", "/api/schema", "/admin/login/"])
    def test_leads_to_pages_that_are_there(self, path: str) -> None:
        assert Client().get(path).status_code == 200

    def test_takes_nothing_from_elsewhere(self) -> None:
        assert not ELSEWHERE.search(page("/"))
        assert Client().get("/")["Content-Security-Policy"].startswith("default-src 'none'")

    def test_is_there_to_be_read(self) -> None:
        assert Client().post("/").status_code == 405


class TestSwagger:
    def test_takes_nothing_from_elsewhere(self) -> None:
        content = page("/api/docs")
        assert "swagger-ui-bundle" in content
        assert not ELSEWHERE.search(content)

    def test_has_no_script_in_the_page(self) -> None:
        assert re.findall(r"<script(?![^>]*\bsrc=)", page("/api/docs")) == []
        assert "script-src" not in Client().get("/api/docs")["Content-Security-Policy"]

    def test_has_a_script_of_its_own_that_reads_the_document(self) -> None:
        assert '"/api/schema"' in page("/api/docs?script=")


class TestSchema:
    def test_is_there_without_a_key(self) -> None:
        answer = Client().get("/api/schema", headers={"Accept": "application/vnd.oai.openapi+json"})
        assert answer.json()["info"]["title"] == "MediaHub"

    @pytest.mark.parametrize("form", ["application/vnd.oai.openapi", "application/json", "application/yaml"])
    def test_has_the_form_that_was_asked_for(self, form: str) -> None:
        answer = Client().get("/api/schema", headers={"Accept": f"{form}; version=3.0"})
        assert answer["Content-Type"] == f"{form}; charset=utf-8"
        read = json.loads if form == "application/json" else yaml.safe_load
        assert read(bytes_of(answer))["info"]["title"] == "MediaHub"

    def test_is_made_once_whatever_is_said_beside_it(self) -> None:
        """Its making costs a third of a second, and its keeping half a megabyte."""
        pages.document.cache_clear()
        asked = [
            ("", "*/*"),
            ("?x=1", "*/*;q=0.1"),
            ("?version=2&lang=de", "text/*, */*"),
            ("?format=json", "a/b, */*"),
        ]
        said = {bytes_of(Client().get(f"/api/schema{query}", headers={"Accept": accept})) for query, accept in asked}
        assert len(said) == 1
        assert pages.document.cache_info().misses == 1
