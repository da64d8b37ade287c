"""/v1/keys."""

import datetime as dt
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from devices import destruction, keys
from devices.models import ApiKey
from tests.devices.conftest import Tenant, client_with
from tests.interleaving import just_before

NEW = {"name": "web shop", "scopes": ["media:write", "media:read"]}


class TestCreate:
    def test_shows_the_token_and_it_opens(self, alice: Tenant) -> None:
        answer = alice.client.post("/v1/keys", NEW)

        assert answer.status_code == 201
        created = answer.json()
        assert answer["Cache-Control"] == "no-store"
        assert created["key"].startswith(created["prefix"])
        assert created["scopes"] == ["media:read", "media:write"]
        assert client_with(created["key"]).get("/v1/me").json()["key"]["id"] == created["id"]

    def test_keeps_only_the_digest(self, alice: Tenant) -> None:
        token = alice.client.post("/v1/keys", NEW).json()["key"]
        row = ApiKey.objects.get(name="web shop")
        assert row.digest == keys.digest(token)
        assert token not in [str(value) for value in vars(row).values()]

    @pytest.mark.parametrize(
        "accept", ["""*/*; a="q; b*=nosuch''%41\"""", "application/json; a*=x; a*0=y", "application/json; indent=4"]
    )
    def test_shows_the_token_whatever_is_said_beside_the_type(self, alice: Tenant, accept: str) -> None:
        """The key is there by then: who does not hear of it has lost it."""
        answer = alice.client.post("/v1/keys", NEW, headers={"Accept": accept})
        assert answer.status_code == 201
        assert answer.json()["key"].startswith("mhk_")

    @pytest.mark.parametrize("accept", ["text/html", "text/html; a*=x; a*0=y", "image/*"])
    def test_is_not_made_for_who_would_not_take_the_answer(self, alice: Tenant, accept: str) -> None:
        answer = alice.client.post("/v1/keys", NEW, headers={"Accept": accept})
        assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
        assert not ApiKey.objects.filter(name=NEW["name"]).exists()

    def test_never_shows_a_token_again(self, alice: Tenant) -> None:
        token = alice.client.post("/v1/keys", NEW).json()["key"]
        listed = alice.client.get("/v1/keys").content.decode()
        assert token not in listed
        assert keys.digest(token) not in listed

    @pytest.mark.django_db(transaction=True)
    def test_finds_nothing_once_the_app_has_gone(self, alice: Tenant) -> None:
        """Destroyed and cleared away right after its key was looked up."""

        def go() -> None:
            now = timezone.now()
            destruction.destroy_app(alice.app, now=now, by="test")
            assert destruction.finish_app(alice.app.pk, is_empty=lambda: True, now=now)

        with just_before('UPDATE "devices_apikey"', go):
            answer = alice.client.post("/v1/keys", NEW)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert not ApiKey.objects.exists()

    def test_is_never_wider_than_the_caller(self, alice: Tenant) -> None:
        answer = alice.with_scopes("keys", "media:read").post("/v1/keys", NEW)

        assert answer.status_code == 403
        assert (answer.json()["code"], answer.json()["scope"]) == ("scope_missing", "media:write")
        assert not ApiKey.objects.filter(name="web shop").exists()

    def test_expires_when_it_was_told_to(self, alice: Tenant) -> None:
        expires_at = timezone.now() + dt.timedelta(days=1)
        created = alice.client.post("/v1/keys", {**NEW, "expires_at": expires_at.isoformat()}).json()
        assert ApiKey.objects.get(pk=created["id"]).expires_at == expires_at

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expired already"),
            ({"expires_at": "9999-12-31T23:59:59-12:00"}, "expires_at"),
            ({"expires_at": "soon"}, "expires_at"),
            ({"scopes": []}, "scopes"),
            ({"scopes": ["root"]}, "scopes"),
            ({"scopes": "media:read"}, "scopes"),
            ({"name": ""}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"name": "two\nlines"}, "one line"),
            ({"name": "\x00"}, "name"),
            ({"name": None}, "name"),
        ],
    )
    def test_refuses_what_cannot_be_meant(self, alice: Tenant, change: dict[str, object], complaint: str) -> None:
        answer = alice.client.post("/v1/keys", {**NEW, **change})
        assert answer.status_code == 400
        assert answer.json()["code"] == "malformed"
        assert complaint in answer.json()["detail"]

    def test_refuses_an_unknown_field(self, alice: Tenant) -> None:
        answer = alice.client.post("/v1/keys", {**NEW, "scope": "media:read"})
        assert answer.status_code == 400
        assert (answer.json()["code"], answer.json()["fields"]) == ("unknown_field", ["scope"])

    def test_needs_the_scope(self, alice: Tenant) -> None:
        answer = alice.with_scopes("devices").post("/v1/keys", NEW)
        assert (answer.status_code, answer.json()["scope"]) == (403, "keys")


class TestList:
    def test_tells_of_the_own_app_only_newest_first(self, alice: Tenant, bob: Tenant) -> None:
        newest, _ = alice.issue()
        listed = alice.client.get("/v1/keys").json()
        assert [key["id"] for key in listed["results"]] == [str(newest.pk), str(alice.key.pk)]
        assert (listed["next"], listed["previous"]) == (None, None)

    def test_shows_revoked_keys_with_their_moment(self, alice: Tenant) -> None:
        key, _ = alice.issue()
        keys.revoke(key, now=timezone.now())
        newest = alice.client.get("/v1/keys").json()["results"][0]
        assert (newest["id"], newest["revoked_at"] is None) == (str(key.pk), False)

    def test_costs_two_queries_however_many_there_are(self, alice: Tenant) -> None:
        for _ in range(20):
            alice.issue()
        alice.client.get("/v1/keys")
        with CaptureQueriesContext(connection) as queries:
            alice.client.get("/v1/keys")
        assert len(queries) == 2


class TestRevoke:
    def test_shuts_the_key_at_once(self, alice: Tenant) -> None:
        key, token = alice.issue()
        assert client_with(token).get("/v1/me").status_code == 200

        assert alice.client.delete(f"/v1/keys/{key.pk}").status_code == 204
        assert client_with(token).get("/v1/me").status_code == 401

    def test_twice_keeps_the_first_moment(self, alice: Tenant) -> None:
        key, _ = alice.issue()
        alice.client.delete(f"/v1/keys/{key.pk}")
        first = ApiKey.objects.get(pk=key.pk).revoked_at
        assert alice.client.delete(f"/v1/keys/{key.pk}").status_code == 204
        assert ApiKey.objects.get(pk=key.pk).revoked_at == first

    def test_of_unknown_foreign_and_malformed_ids_is_the_same_404(self, alice: Tenant, bob: Tenant) -> None:
        foreign = str(bob.key.pk)
        answers = [
            alice.client.delete(f"/v1/keys/{key_id}") for key_id in (foreign, str(uuid.uuid4()), "x", "a.b", "%00")
        ]
        problems = [{**answer.json(), "request_id": None} for answer in answers]
        assert [answer.status_code for answer in answers] == [404] * 5
        assert problems == [problems[0]] * 5
        assert bob.client.get("/v1/me").status_code == 200

    def test_needs_the_scope(self, alice: Tenant) -> None:
        assert alice.with_scopes("media:read").delete(f"/v1/keys/{alice.key.pk}").status_code == 403
        assert alice.client.get("/v1/me").status_code == 200


class TestStrangers:
    def test_are_shown_nothing(self, charlie: APIClient) -> None:
        assert charlie.get("/v1/keys").status_code == 401
        assert charlie.post("/v1/keys", NEW).status_code == 401
        assert charlie.delete(f"/v1/keys/{uuid.uuid4()}").status_code == 401
