"""What every request passes through, seen from outside."""

import re

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings
from structlog.contextvars import get_contextvars

from mediahub.middleware import RequestId
from tests.people import Person

MADE = re.compile(r"[0-9a-f]{32}")


@pytest.fixture
def anybody() -> Client:
    return Client(raise_request_exception=False)


class TestRequestId:
    @pytest.mark.parametrize("sent", ["abc", "A.b_c-9", "x" * 64])
    def test_of_the_caller_is_kept(self, anybody: Client, sent: str) -> None:
        assert anybody.get("/nowhere", headers={"X-Request-ID": sent})["X-Request-ID"] == sent

    @pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a\nb", "a/b", "ä", "<script>", "a,b"])
    def test_that_is_not_sane_is_replaced(self, anybody: Client, sent: str) -> None:
        answer = anybody.get("/nowhere", headers={"X-Request-ID": sent})
        assert MADE.fullmatch(answer["X-Request-ID"])

    @pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere", "/v1/me", "/v1/nowhere", "/media", "/admin/nowhere"])
    def test_stands_in_every_answer(self, anybody: Client, path: str) -> None:
        assert MADE.fullmatch(anybody.get(path)["X-Request-ID"])

    def test_stands_in_a_problem_too(self, anybody: Client) -> None:
        answer = anybody.get("/nowhere", headers={"X-Request-ID": "abc"})
        assert answer.json()["request_id"] == "abc"

    def test_stands_in_the_answer_to_an_unknown_host(self, anybody: Client) -> None:
        answer = anybody.get("/", headers={"Host": "evil.example.com", "X-Request-ID": "abc"})
        assert (answer.status_code, answer["X-Request-ID"], answer.json()["request_id"]) == (400, "abc", "abc")

    def test_is_bound_for_log_lines_of_this_request_alone(self) -> None:
        seen = []

        def answer(_request: HttpRequest) -> HttpResponse:
            seen.append(get_contextvars())
            return HttpResponse()

        middleware = RequestId(answer)
        for sent in ("first", "second"):
            middleware(RequestFactory(headers={"X-Request-ID": sent}).get("/"))
        assert seen == [{"request_id": "first"}, {"request_id": "second"}]

    def test_is_joined_by_the_app_once_the_key_is_known(self, alice: Person) -> None:
        assert alice.api.get("/v1/me").status_code == 200
        assert get_contextvars()["app_id"] == str(alice.app.pk)


class TestProbes:
    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    @pytest.mark.django_db(transaction=True)
    def test_are_answered_whatever_host_they_are_called_by(
        self, anybody: Client, settings: Settings, path: str
    ) -> None:
        settings.SECURE_SSL_REDIRECT = True
        answer = anybody.get(path, headers={"Host": "10.0.0.7:8000"})
        assert answer.status_code == 200
        assert answer["Content-Length"] == str(len(answer.content))


class TestAdmin:
    @pytest.mark.django_db
    def test_asks_for_a_csrf_token(self) -> None:
        client = Client(enforce_csrf_checks=True)
        assert client.post("/admin/login/", {"username": "alice", "password": "pass"}).status_code == 403

    @pytest.mark.django_db
    def test_logs_staff_in_and_shows_messages(self) -> None:
        User.objects.create_superuser("charlie", password="a pass of charlie's")
        client = Client()
        answer = client.post(
            "/admin/login/?next=/admin/", {"username": "charlie", "password": "a pass of charlie's"}, follow=True
        )
        assert "charlie" in answer.content.decode()

    @pytest.mark.django_db
    def test_keeps_its_cookies_to_itself(self) -> None:
        client = Client()
        client.get("/admin/login/")
        assert client.cookies["csrftoken"]["path"] == "/admin/"

    def test_is_not_paid_for_by_requests_with_a_key(
        self, alice: Person, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        alice.api.get("/v1/me")
        with django_assert_num_queries(1):
            answer = alice.api.get("/v1/me")
        assert "Set-Cookie" not in answer
        assert "Vary" not in answer or "Cookie" not in answer["Vary"]


class TestBodies:
    @pytest.mark.django_db
    def test_files_sent_where_none_are_taken_are_dropped(
        self, anybody: Client, tmp_path: object, settings: Settings
    ) -> None:
        answer = anybody.post(
            "/admin/login/",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            + b"x" * 3_000_000
            + b"\r\n--b--\r\n",
            content_type="multipart/form-data; boundary=b",
        )
        assert answer.status_code == 200
        assert not answer.wsgi_request.FILES
