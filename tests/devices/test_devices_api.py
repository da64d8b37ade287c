"""/v1/devices."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from devices.models import Device
from tests.devices.conftest import Tenant


class TestCreate:
    def test_answers_the_device_and_where_it_stands(self, alice: Tenant) -> None:
        answer = alice.client.post("/v1/devices", {"name": "shop phone"})

        assert answer.status_code == 201
        device = answer.json()
        assert set(device) == {"id", "name", "created_at"}
        assert answer["Location"].endswith(f"/v1/devices/{device['id']}")
        assert alice.client.get(answer["Location"]).json() == device

    def test_trims_the_name(self, alice: Tenant) -> None:
        assert alice.client.post("/v1/devices", {"name": "  shop phone "}).json()["name"] == "shop phone"

    def test_refuses_a_name_that_a_living_device_has(self, alice: Tenant) -> None:
        alice.device("shop phone")
        answer = alice.client.post("/v1/devices", {"name": "shop phone"})
        assert (answer.status_code, answer.json()["code"]) == (409, "duplicate_name")
        assert Device.objects.for_app(alice.app).count() == 1

    def test_allows_a_name_that_another_app_or_a_destroyed_device_had(self, alice: Tenant, bob: Tenant) -> None:
        bob.device("shop phone")
        alice.device("shop phone").delete()
        assert alice.client.post("/v1/devices", {"name": "shop phone"}).status_code == 201

    @pytest.mark.parametrize(
        "name", ["", "   ", "x" * 101, "two\nlines", "\x00", "\u202e", "\u200b\ufeff", None, 5.5, ["a"], {}]
    )
    def test_refuses_what_is_no_name(self, alice: Tenant, name: object) -> None:
        answer = alice.client.post("/v1/devices", {"name": name})
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")

    @pytest.mark.parametrize("name", ["Télé", "電話", "👨‍👩‍👧", "a\u00a0b", "x" * 100, "<b>'\"&"])
    def test_takes_any_one_line(self, alice: Tenant, name: str) -> None:
        assert alice.client.post("/v1/devices", {"name": name}).json()["name"] == name

    def test_refuses_an_unknown_field(self, alice: Tenant) -> None:
        answer = alice.client.post("/v1/devices", {"name": "phone", "nmae": "x", "app": "y"})
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_field")
        assert answer.json()["fields"] == ["app", "nmae"]


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "told"),
        [
            (b"{", "not valid JSON"),
            (b'{"name": "\xff"}', "not UTF-8 from byte 10 on."),
            (b'{"name": NaN}', "NaN is no JSON value."),
            (b'{"name": "a", "name": "b"}', "A key stands twice"),
            (b"[" * 100_000, "nested too deep."),
            (b'{"name":' + b"9" * 5000 + b"}", "A number in the body has too many digits."),
        ],
    )
    def test_that_are_no_json_are_refused(self, alice: Tenant, body: Any, told: str) -> None:
        answer = alice.client.generic("POST", "/v1/devices", body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")
        assert told in answer.json()["detail"]

    @pytest.mark.parametrize("body", [b"[]", b'"name"', b"null", b"7", b'{"name": "\\ud800"}'])
    def test_that_are_no_object_of_fields_are_refused(self, alice: Tenant, body: Any) -> None:
        answer = alice.client.generic("POST", "/v1/devices", body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")

    def test_are_utf8_whatever_the_charset_says(self, alice: Tenant) -> None:
        body: Any = '{"name": "Télé"}'.encode()
        for charset in ("utf-16", "zlib", "nonsense"):
            Device.objects.all().delete()
            answer = alice.client.generic(
                "POST", "/v1/devices", body, content_type=f"application/json; charset={charset}"
            )
            assert (answer.status_code, answer.json()["name"]) == (201, "Télé")

    def test_of_another_type_are_refused(self, alice: Tenant) -> None:
        answer = alice.client.post("/v1/devices", {"name": "phone"}, format="multipart")
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_body")

    def test_that_nobody_reads_may_come_as_they_like(self, alice: Tenant) -> None:
        device = alice.client.post("/v1/devices", {"name": "phone"}).json()
        endpoint = alice.client.post("/v1/webhooks", {"url": "https://a.example/h", "events": ["message"]}).json()
        headers = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "", "HTTP_CONTENT_ENCODING": "gzip"}
        for method, path, status in (
            ("get", "/v1/me", 200),
            ("get", f"/v1/devices/{device['id']}", 200),
            ("post", f"/v1/webhooks/{endpoint['id']}/test", 202),
            ("delete", f"/v1/devices/{device['id']}", 204),
        ):
            assert getattr(alice.client, method)(path, **headers).status_code == status

    def test_of_another_type_are_told_which(self, alice: Tenant) -> None:
        answer = alice.client.post("/v1/devices", "name=phone", content_type="application/x-www-form-urlencoded")
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_body")
        assert answer.json()["detail"] == "Send application/json."

    def test_that_come_chunked_are_not_taken_for_empty(self, alice: Tenant) -> None:
        device = alice.device("phone")
        answer = alice.client.patch(f"/v1/devices/{device.pk}", HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH="")
        assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


class TestList:
    def test_tells_of_the_apps_living_devices_newest_first(self, alice: Tenant, bob: Tenant) -> None:
        first, second, third = (alice.device(name) for name in ("one", "two", "three"))
        bob.device("bob's phone")
        second.delete()

        listed = alice.client.get("/v1/devices").json()
        assert [device["id"] for device in listed["results"]] == [str(third.pk), str(first.pk)]

    def test_costs_two_queries_however_many_there_are(self, alice: Tenant) -> None:
        for number in range(20):
            alice.device(f"phone {number}")
        alice.client.get("/v1/devices")
        with CaptureQueriesContext(connection) as queries:
            assert len(alice.client.get("/v1/devices").json()["results"]) == 20
        assert len(queries) == 2


class TestRead:
    def test_shows_the_device(self, alice: Tenant) -> None:
        device = alice.device("phone")
        assert alice.client.get(f"/v1/devices/{device.pk}").json()["name"] == "phone"

    def test_reads_an_id_in_capitals(self, alice: Tenant) -> None:
        device = alice.device("phone")
        assert alice.client.get(f"/v1/devices/{str(device.pk).upper()}").status_code == 200

    @pytest.mark.parametrize("method", ["get", "patch", "delete"])
    def test_of_unknown_foreign_destroyed_and_malformed_ids_is_the_same_404(
        self, alice: Tenant, bob: Tenant, method: str
    ) -> None:
        foreign, destroyed = bob.device("bob's phone"), alice.device("gone")
        destroyed.delete()
        ids = [foreign.pk, destroyed.pk, uuid.uuid4(), "x", "x.json", "%7B%7D", f"{{{foreign.pk}}}", foreign.pk.hex]

        answers = [getattr(alice.client, method)(f"/v1/devices/{device_id}") for device_id in ids]

        problems = [{**answer.json(), "request_id": None} for answer in answers]
        assert {answer.status_code for answer in answers} == {404}
        assert problems == [problems[0]] * len(ids)
        assert bob.client.get(f"/v1/devices/{foreign.pk}").status_code == 200


class TestRename:
    def test_changes_the_name(self, alice: Tenant) -> None:
        device = alice.device("phone")
        answer = alice.client.patch(f"/v1/devices/{device.pk}", {"name": "counter phone"})
        assert (answer.status_code, answer.json()["name"]) == (200, "counter phone")
        assert Device.objects.get(pk=device.pk).name == "counter phone"

    def test_to_its_own_name_changes_nothing(self, alice: Tenant) -> None:
        device = alice.device("phone")
        assert alice.client.patch(f"/v1/devices/{device.pk}", {"name": "phone"}).status_code == 200

    def test_without_a_field_changes_nothing(self, alice: Tenant) -> None:
        device = alice.device("phone")
        assert alice.client.patch(f"/v1/devices/{device.pk}", {}).json()["name"] == "phone"

    def test_refuses_a_name_that_is_taken(self, alice: Tenant) -> None:
        alice.device("phone")
        other = alice.device("other")
        answer = alice.client.patch(f"/v1/devices/{other.pk}", {"name": "phone"})
        assert (answer.status_code, answer.json()["code"]) == (409, "duplicate_name")

    def test_refuses_an_unknown_field(self, alice: Tenant) -> None:
        device = alice.device("phone")
        answer = alice.client.patch(f"/v1/devices/{device.pk}", {"destroyed_at": None})
        assert answer.json()["code"] == "unknown_field"

    def test_put_is_not_offered(self, alice: Tenant) -> None:
        device = alice.device("phone")
        answer = alice.client.put(f"/v1/devices/{device.pk}", {"name": "x"})
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


class TestDestroy:
    def test_makes_the_device_unreachable_at_once(self, alice: Tenant) -> None:
        device = alice.device("phone")
        answer = alice.client.delete(f"/v1/devices/{device.pk}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert alice.client.get(f"/v1/devices/{device.pk}").status_code == 404
        assert alice.client.get("/v1/devices").json()["results"] == []

    def test_marks_the_row_and_leaves_it_to_be_cleared_away(self, alice: Tenant) -> None:
        device = alice.device("phone")
        alice.client.delete(f"/v1/devices/{device.pk}")
        assert Device.objects.destroyed().get().pk == device.pk


class TestScope:
    @pytest.mark.parametrize("scopes", [("media:read", "media:write", "webhooks", "keys"), ("gateway",)])
    def test_is_needed_and_named(self, alice: Tenant, scopes: tuple[str, ...]) -> None:
        client, device = alice.with_scopes(*scopes), alice.device("phone")
        answers = [
            client.get("/v1/devices"),
            client.post("/v1/devices", {"name": "x"}),
            client.get(f"/v1/devices/{device.pk}"),
            client.patch(f"/v1/devices/{device.pk}", {"name": "x"}),
            client.delete(f"/v1/devices/{device.pk}"),
        ]
        assert {answer.status_code for answer in answers} == {403}
        assert {(answer.json()["code"], answer.json()["scope"]) for answer in answers} == {("scope_missing", "devices")}
        assert Device.objects.for_app(alice.app).get().name == "phone"

    def test_is_enough(self, alice: Tenant) -> None:
        assert alice.with_scopes("devices").get("/v1/devices").status_code == 200

    def test_strangers_are_shown_nothing(self, charlie: APIClient) -> None:
        assert charlie.get("/v1/devices").status_code == 401
        assert charlie.post("/v1/devices", {"name": "x"}).status_code == 401
