"""Errors of Django and of Django REST framework: problems like all others, and nothing of the inside."""

import json
from typing import Any

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings
from rest_framework import exceptions
from rest_framework.decorators import api_view, permission_classes

from mediahub import urls
from tests.people import Answer, Api, Person, refusal

SECRET = "the password is swordfish, at /srv/secret"


class UnexpectedError(RuntimeError):
    """What nobody expected."""


RAISED: dict[str, tuple[Exception, tuple[int, str]]] = {
    "fault": (UnexpectedError(SECRET), (500, "internal_error")),
    "missing": (Http404(SECRET), (404, "not_found")),
    "denied": (PermissionDenied(SECRET), (403, "forbidden")),
    "suspicious": (SuspiciousOperation(SECRET), (400, "malformed")),
    "bad": (BadRequest(SECRET), (400, "malformed")),
    "database": (OperationalError(SECRET), (503, "database_unavailable")),
    "big": (RequestDataTooBig(SECRET), (413, "too_large")),
}
REFUSED: dict[str, tuple[Exception, tuple[int, str]]] = {
    "parse": (exceptions.ParseError("x"), (400, "malformed")),
    "validation": (exceptions.ValidationError({"name": ["Too long."]}), (400, "malformed")),
    "unauthenticated": (exceptions.NotAuthenticated(), (401, "unauthenticated")),
    "denied": (exceptions.PermissionDenied(), (403, "forbidden")),
    "missing": (exceptions.NotFound("x"), (404, "not_found")),
    "method": (exceptions.MethodNotAllowed("PUT"), (405, "method_not_allowed")),
    "accept": (exceptions.NotAcceptable(), (406, "not_acceptable")),
    "media type": (exceptions.UnsupportedMediaType("x/y"), (415, "unsupported_body")),
}


def _plain(_request: HttpRequest, name: str) -> HttpResponse:
    raise RAISED[name][0]


@api_view(["GET"])
@permission_classes([])
def _rest(_request: Any, name: str) -> HttpResponse:
    raise ({**RAISED, **REFUSED})[name][0]


urlpatterns = [path("plain/<name>", _plain), path("rest/<name>", _rest), *urls.urlpatterns]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def failing(settings: Settings) -> None:
    """Routes that raise whatever their last part names."""
    settings.ROOT_URLCONF = "tests.problems.test_answers"


@pytest.mark.usefixtures("failing")
class TestWhateverIsRaised:
    @pytest.mark.parametrize("name", RAISED)
    @pytest.mark.parametrize("route", ["plain", "rest"])
    def test_by_a_view_is_a_problem_that_shows_nothing_of_the_inside(
        self, client: Client, route: str, name: str
    ) -> None:
        answer = client.get(f"/{route}/{name}")
        assert refusal(answer) == RAISED[name][1]
        for word in ("swordfish", "/srv", "Traceback", "UnexpectedError", ".py"):
            assert word not in answer.content.decode()

    @pytest.mark.parametrize("name", REFUSED)
    def test_by_the_framework_is_a_problem(self, client: Client, name: str) -> None:
        assert refusal(client.get(f"/rest/{name}")) == REFUSED[name][1]


class TestWhatNoRouteKnows:
    @pytest.mark.parametrize("address", ["/nothing", "/v1", "/v1/", "/v1/media/", "/v1/media/x/y/z", "/%00", "/media/"])
    def test_is_a_problem_404(self, client: Client, address: str) -> None:
        assert refusal(client.get(address)) == (404, "not_found")

    @pytest.mark.parametrize("method", ["put", "patch", "delete", "post"])
    def test_of_methods_is_405_and_says_which_there_are(self, db: None, method: str) -> None:
        alice = Person.named("alice")
        answer: Answer = getattr(alice.api.client, method)("/v1/limits")
        assert refusal(answer) == (405, "method_not_allowed")
        assert "GET" in answer["Allow"]

    def test_of_representations_is_406(self, db: None) -> None:
        alice = Person.named("alice")
        assert refusal(alice.api.get("/v1/limits", Accept="application/xml")) == (406, "not_acceptable")

    def test_of_hosts_is_400(self, client: Client) -> None:
        answer = client.get("/v1/me", headers={"Host": "evil.example.com"})
        assert refusal(answer) == (400, "malformed")
        assert "Host" in answer.json()["detail"]


class TestBodies:
    @pytest.mark.parametrize("body", [b"{", b"[1", b"\xff", b'{"name": NaN}'])
    def test_that_are_no_json_are_a_problem(self, db: None, body: bytes) -> None:
        alice = Person.named("alice")
        answer = alice.api.post("/v1/devices", body, content_type="application/json")
        assert refusal(answer) == (400, "malformed_json")

    def test_of_another_type_are_a_problem(self, db: None) -> None:
        alice = Person.named("alice")
        assert refusal(alice.api.post("/v1/devices", b"x", content_type="text/plain")) == (415, "unsupported_body")

    def test_that_are_too_large_are_a_problem_that_names_the_limit(self, db: None) -> None:
        alice = Person.named("alice")
        body = json.dumps({"name": "x" * 2_000_000}).encode()
        answer = alice.api.post("/v1/devices", body, content_type="application/json")
        assert refusal(answer) == (413, "too_large")
        assert answer.json()["limit_bytes"] == 1024 * 1024


class TestARequestId:
    def test_of_the_caller_is_kept(self, db: None) -> None:
        answer = Api(None).get("/v1/me", X_Request_ID="order-66")
        assert refusal(answer) == (401, "unauthenticated")
        assert answer.json()["request_id"] == answer["X-Request-ID"] == "order-66"

    @pytest.mark.parametrize("sent", ["", "a b", "x" * 65, "a\tb", "<script>", "ü"])
    def test_that_is_not_sane_is_replaced(self, db: None, sent: str) -> None:
        answer = Api(None).get("/v1/me", X_Request_ID=sent)
        assert answer["X-Request-ID"] != sent
        assert len(answer["X-Request-ID"]) == 32
