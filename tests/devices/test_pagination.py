"""Pages of lists."""

import base64

import pytest

from tests.devices.conftest import Tenant


def names(page: dict[str, list[dict[str, str]]]) -> list[str]:
    return [device["name"] for device in page["results"]]


class TestPages:
    def test_follow_one_another_without_gap_or_repeat(self, alice: Tenant) -> None:
        for number in range(7):
            alice.device(str(number))

        page = alice.client.get("/v1/devices?limit=3").json()
        seen = names(page)
        while page["next"]:
            page = alice.client.get(page["next"]).json()
            seen += names(page)

        assert seen == list("6543210")

    @pytest.mark.parametrize("query", ["page_size=3", "name=phone", "format=xml"])
    def test_are_refused_where_a_parameter_is_misspelt(self, alice: Tenant, query: str) -> None:
        answer = alice.client.get(f"/v1/devices?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_field")

    def test_are_refused_where_a_parameter_is_given_twice(self, alice: Tenant) -> None:
        answer = alice.client.get("/v1/devices?limit=1&limit=2")
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
        assert "limit is given more than once" in answer.json()["detail"]

    def test_lead_back(self, alice: Tenant) -> None:
        for number in range(6):
            alice.device(str(number))
        first = alice.client.get("/v1/devices?limit=3").json()
        second = alice.client.get(first["next"]).json()
        assert names(alice.client.get(second["previous"]).json()) == names(first)

    def test_are_not_shifted_by_what_arrives(self, alice: Tenant) -> None:
        for number in range(4):
            alice.device(str(number))
        page = alice.client.get("/v1/devices?limit=2").json()
        alice.device("new")
        assert names(alice.client.get(page["next"]).json()) == ["1", "0"]

    @pytest.mark.parametrize(
        "limit",
        ["0", "-1", "201", "1e2", "x", "", "9" * 5000, "000000001999", "0" * 8 + "1" + "9" * 4400, " 1", "\u0661"],
    )
    def test_refuse_a_limit_out_of_bounds(self, alice: Tenant, limit: str) -> None:
        answer = alice.client.get("/v1/devices", {"limit": limit})
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")

    @pytest.mark.parametrize(
        "cursor", ["x", "", "\0", "AAAA", "é", b"p=not-an-id", b"p=", b"o=-1", b"o=x", b"r=x", b"r=1", b"p=\x00"]
    )
    def test_refuse_a_cursor_that_was_not_made_here(self, alice: Tenant, cursor: str | bytes) -> None:
        sent = base64.b64encode(cursor).decode() if isinstance(cursor, bytes) else cursor
        answer = alice.client.get("/v1/devices", {"cursor": sent})
        # An empty cursor says nothing, and begins at the beginning.
        assert answer.status_code == (200 if cursor == "" else 404)
