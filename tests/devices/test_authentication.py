"""Who is let in, and what a stranger learns."""

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from devices import keys
from devices.models import ApiKey
from tests.devices.conftest import Tenant, client_with

MINUTE = dt.timedelta(minutes=1)


def refusal(client: APIClient) -> dict[str, object]:
    answer = client.get("/v1/me")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer["Content-Type"] == "application/problem+json"
    problem: dict[str, object] = answer.json()
    del problem["request_id"]
    return problem


class TestKeysThatOpenNothing:
    def test_all_get_the_same_answer(self, alice: Tenant, charlie: APIClient) -> None:
        revoked, revoked_token = alice.issue()
        keys.revoke(revoked, now=timezone.now())
        expired, expired_token = alice.issue()
        ApiKey.objects.filter(pk=expired.pk).update(expires_at=timezone.now())

        answers = [
            refusal(charlie),
            refusal(client_with(revoked_token)),
            refusal(client_with(expired_token)),
            refusal(client_with(keys.new_token())),
            refusal(client_with("mhk_typo")),
            refusal(client_with("")),
            refusal(client_with("mhk_é")),
            refusal(client_with(f"{alice.token} {alice.token}")),
        ]

        assert answers == [answers[0]] * len(answers)
        assert answers[0]["code"] == "unauthenticated"

    def test_a_typo_costs_no_query(self, alice: Tenant) -> None:
        typo = alice.token[:-1] + ("0" if alice.token[-1] != "0" else "1")
        with CaptureQueriesContext(connection) as queries:
            refusal(client_with(typo))
        assert len(queries) == 0

    def test_an_expired_key_stops_at_its_moment(self, alice: Tenant, clock: time_machine.Traveller) -> None:
        _, token = alice.issue(expires_at=timezone.now() + MINUTE)
        client = client_with(token)

        clock.shift(MINUTE - dt.timedelta(seconds=1))
        assert client.get("/v1/me").status_code == 200
        clock.shift(1)
        assert client.get("/v1/me").status_code == 401

    def test_another_scheme_is_none_of_ours(self, alice: Tenant, charlie: APIClient) -> None:
        charlie.credentials(HTTP_AUTHORIZATION=f"Token {alice.token}")
        refusal(charlie)

    def test_a_key_in_the_query_opens_nothing(self, alice: Tenant, charlie: APIClient) -> None:
        assert charlie.get("/v1/me", {"api_key": alice.token, "access_token": alice.token}).status_code == 401


class TestKeysThatOpen:
    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
    def test_the_scheme_is_read_in_any_case(self, alice: Tenant, scheme: str) -> None:
        alice.client.credentials(HTTP_AUTHORIZATION=f"{scheme} {alice.token}")
        assert alice.client.get("/v1/me").status_code == 200

    def test_two_live_keys_open_at_once(self, alice: Tenant) -> None:
        _, second = alice.issue()
        assert alice.client.get("/v1/me").status_code == 200
        assert client_with(second).get("/v1/me").status_code == 200

    def test_one_query_finds_key_and_app(self, alice: Tenant) -> None:
        alice.client.get("/v1/me")
        with CaptureQueriesContext(connection) as queries:
            assert alice.client.get("/v1/me").json()["app"]["name"] == "alice"
        assert len(queries) == 1


class TestLastUse:
    def last_used_at(self, tenant: Tenant) -> dt.datetime | None:
        return ApiKey.objects.get(pk=tenant.key.pk).last_used_at

    def test_is_noted_at_the_first_request(self, alice: Tenant, clock: time_machine.Traveller) -> None:
        assert self.last_used_at(alice) is None
        alice.client.get("/v1/me")
        assert self.last_used_at(alice) == timezone.now()

    def test_is_written_once_a_minute_at_most(self, alice: Tenant, clock: time_machine.Traveller) -> None:
        first = timezone.now()
        alice.client.get("/v1/me")

        clock.shift(59)
        alice.client.get("/v1/me")
        assert self.last_used_at(alice) == first

        clock.shift(1)
        alice.client.get("/v1/me")
        assert self.last_used_at(alice) == first + MINUTE

    def test_a_refused_key_is_not_used(self, alice: Tenant) -> None:
        keys.revoke(alice.key, now=timezone.now())
        alice.client.get("/v1/me")
        assert self.last_used_at(alice) is None

    def test_a_failure_to_note_it_fails_no_request(self, alice: Tenant, caplog: pytest.LogCaptureFixture) -> None:
        def refuse_updates(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            # The statement fails in the database itself, in whatever transaction it stands.
            return execute("UPDATE no_such_table SET x = 1" if sql.startswith("UPDATE") else sql, *rest)

        with connection.execute_wrapper(refuse_updates), caplog.at_level(logging.CRITICAL):
            answer = alice.client.get("/v1/me")

        assert answer.status_code == 200
        assert self.last_used_at(alice) is None


class TestPrincipal:
    def test_is_no_member_of_the_staff(self, alice: Tenant) -> None:
        caller = alice.client.get("/v1/me").wsgi_request.user
        assert (caller.is_authenticated, caller.is_staff) == (True, False)
        assert str(caller.pk) == str(alice.key.pk)

    def test_opens_no_admin(self, alice: Tenant) -> None:
        assert alice.client.get("/admin/").status_code == 302
