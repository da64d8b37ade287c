"""What a stranger learns: nothing. Unknown, another app's and malformed get the identical answer."""

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from devices import keys
from media_store.models import Media
from tests.media_files import jpeg
from tests.people import PENDING, Answer, Api, Person, bytes_of, messages_of, refusal

SAMPLES = os.environ.get("SAMPLES", "")
TRAVERSALS = (
    "../../../../etc/passwd",
    "/etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%252e%252e%252fetc%252fpasswd",
    "..\\..\\windows\\win.ini",
    "....//....//etc/passwd",
    "..;/..;/secret_key",
    "%c0%ae%c0%ae/etc/passwd",
    "..%00/secret_key",
    "file:///etc/passwd",
    "secret_key",
    ".",
    "..",
    "//",
    "*",
    "%",
    "é\u202e\ufeff",
    "a" * 7_000,
)

Ask = Callable[[Api, str], Answer]

BY_PATH: dict[str, Ask] = {
    "download": lambda api, path: api.download(path),
    "head": lambda api, path: api.head("/media", {"path": path}),
    "range": lambda api, path: api.download(path, Range="bytes=0-1"),
    "condition": lambda api, path: api.download(path, If_None_Match="*"),
}
BY_ID: dict[str, Ask] = {
    "read": lambda api, media_id: api.get(f"/v1/media/{media_id}"),
    "content": lambda api, media_id: api.get(f"/v1/media/{media_id}/content"),
    "delete": lambda api, media_id: api.delete(f"/v1/media/{media_id}"),
}
BY_DEVICE: dict[str, Ask] = {
    "send": lambda api, device: api.send(device, jpeg()),
    "send nonsense": lambda api, device: api.post(messages_of(device), b"{", content_type="application/json"),
    "read": lambda api, device: api.get(f"/v1/devices/{device}"),
    "destroy": lambda api, device: api.delete(f"/v1/devices/{device}"),
    "rename": lambda api, device: api.client.patch(
        f"/v1/devices/{device}", {"name": "x"}, content_type="application/json"
    ),
}
NO_IDS = (str(uuid.UUID(int=7)), "x", "0", "%00", "%ff", "..", "\u0661", "{}", "a" * 300, "null")
NO_PATHS = ("media/x", *TRAVERSALS)


def told(answer: Answer) -> dict[str, Any]:
    """All that an answer tells, but for the id of the request."""
    assert answer.status_code == 404
    headers = {name: value for name, value in answer.items() if name not in ("X-Request-ID", "Content-Length")}
    body = answer.json() if bytes_of(answer) else {}
    body.pop("request_id", None)
    return {**headers, **body}


def assert_all_the_same(answers: list[Answer]) -> None:
    for answer in answers:
        assert told(answer) == told(answers[0])


class TestAStranger:
    @pytest.mark.parametrize("ask", BY_PATH.values(), ids=BY_PATH)
    def test_cannot_tell_paths_apart(self, alice: Person, bob: Person, ask: Ask) -> None:
        foreign = alice.sent(jpeg())["media_path"]
        near = (foreign.replace(str(alice.app.pk), str(bob.app.pk)), foreign.upper(), foreign + "/", f"/{foreign}")
        assert_all_the_same([ask(bob.api, path) for path in (foreign, *near, *NO_PATHS)])

    @pytest.mark.parametrize("ask", BY_ID.values(), ids=BY_ID)
    def test_cannot_tell_ids_apart(self, alice: Person, bob: Person, ask: Ask) -> None:
        foreign = alice.sent(jpeg())["id"]
        assert_all_the_same([ask(bob.api, media_id) for media_id in (foreign, *NO_IDS)])

    @pytest.mark.parametrize("ask", BY_DEVICE.values(), ids=BY_DEVICE)
    def test_cannot_tell_devices_apart(self, alice: Person, bob: Person, ask: Ask) -> None:
        destroyed = bob.another_device()
        bob.api.delete(f"/v1/devices/{destroyed.pk}")
        ids = (str(alice.device.pk), str(destroyed.pk), *NO_IDS)
        assert_all_the_same([ask(bob.api, device) for device in ids])

    @pytest.mark.parametrize("state", ["ready", "pending", "purged", "expired"])
    def test_cannot_tell_what_state_anothers_media_is_in(self, alice: Person, bob: Person, state: str) -> None:
        media = alice.sent(jpeg())
        if state == "purged":
            alice.api.delete(f"/v1/media/{media['id']}")
        elif state != "ready":
            columns = {"expires_at": timezone.now()} if state == "expired" else PENDING
            _media(media).update(**columns)
        answers = [bob.api.download(path) for path in (media["media_path"], "media/x")]
        answers += [bob.api.get(f"/v1/media/{each}/content") for each in (media["id"], uuid.uuid4())]
        assert_all_the_same(answers)

    @pytest.mark.parametrize("word", ["media_id", "media_path"])
    def test_cannot_send_anothers_media(self, alice: Person, bob: Person, word: str) -> None:
        media = alice.sent(jpeg())
        foreign = media["id"] if word == "media_id" else media["media_path"]
        unknown = NO_IDS if word == "media_id" else NO_PATHS
        answers = [bob.api.send(bob.device, **{word: value}) for value in (foreign, *unknown)]
        assert_all_the_same(answers)

    def test_learns_nothing_from_sending_the_same_bytes(self, alice: Person, bob: Person) -> None:
        """Not from the answer, and not from what is stored: nothing is shared across apps."""
        alice.sent(jpeg())
        answer = bob.api.send(bob.device, jpeg())
        assert answer.status_code == 201
        assert len(bob.left_behind()["objects"]) == len(alice.left_behind()["objects"]) == 1

    def test_without_a_key_learns_only_that_one_is_needed(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        dead, token = keys.issue_key(app=alice.app, name="", scopes=["media:read"], expires_at=None, now=timezone.now())
        keys.revoke(dead, now=timezone.now())
        answers = []
        for api in (Api(None), Api("mhk_nonsense"), Api(token)):
            answers += [api.download(media["media_path"]), api.get(f"/v1/media/{media['id']}"), api.download("x")]
            answers += [api.send(alice.device, jpeg()), api.upload(jpeg()), api.get("/v1/media?colour=red")]
        assert {refusal(answer) for answer in answers} == {(401, "unauthenticated")}
        assert len({answer.json()["detail"] for answer in answers}) == 1


def _media(media: dict[str, Any]) -> Any:
    return Media.objects.filter(pk=media["id"])


def _verbatim(api: Api, path: str) -> Answer:
    """The path as it is in the query, encoded or not."""
    return api.client.generic("GET", "/media", QUERY_STRING="path=" + path.encode().decode("latin-1"))


class TestTraversal:
    @pytest.mark.parametrize("path", TRAVERSALS)
    def test_leads_nowhere(self, alice: Person, path: str) -> None:
        alice.sent(jpeg())
        for asked in (path, f"media/{alice.app.pk}/{path}"):
            assert refusal(alice.api.download(asked)) == (404, "not_found")
            assert refusal(_verbatim(alice.api, asked)) == (404, "not_found")

    # Two thousand requests, on a machine that may have other things to do; PostgreSQL is the stricter one with strings.
    @pytest.mark.timeout(600)
    @pytest.mark.once
    @pytest.mark.skipif(not SAMPLES, reason="SAMPLES names no folder of sample files")
    def test_leads_nowhere_by_any_of_the_sample_strings(self, alice: Person) -> None:
        alice.sent(jpeg())
        strings = (Path(SAMPLES) / "path_traversal.txt").read_text(errors="surrogateescape").splitlines()
        found = {}
        for string in filter(None, strings):
            path = string.encode(errors="surrogateescape").decode(errors="replace")
            for asked in (path, f"media/{alice.app.pk}/{path}"):
                found[f"encoded {asked}"] = refusal(alice.api.download(asked))
                found[f"verbatim {asked}"] = refusal(_verbatim(alice.api, asked))
        nothing_asked = {"verbatim " + path for path in strings if path.startswith(("&", ";"))}
        wrong = {
            asked: answer
            for asked, answer in found.items()
            if answer != (404, "not_found") and not (answer == (400, "path_missing") and asked in nothing_asked)
        }
        assert len(found) >= len(set(strings))
        assert wrong == {}
