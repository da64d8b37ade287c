"""Another tenant's eyes, on every operation of the OpenAPI document and every id in it.

The operations are read from the document, so that a new one is covered by itself; where it names something that
nothing here can make, its test fails and says what to add.
"""

import copy
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone

from devices import keys, webhooks
from devices.models import WebhookEndpoint
from devices.scopes import Scope
from media_store.models import Media
from tests.media_files import jpeg
from tests.openapi import DOCUMENT
from tests.people import Answer, Api, Person, bytes_of

pytestmark = pytest.mark.once

Make = Callable[[Person], str]

UNKNOWN = str(uuid.UUID(int=7))
MALFORMED = ("x", "0", "%00", "%ff", "\u0661", "{}", "null", "a" * 300, "0197a3c5-0e2d-7b44-8d5e-6f708192939")
# A name that stands for something which somebody has.
NAMES_SOMETHING = re.compile(r"(^|_)(ids?|uuid|path|device|app|key|webhook|sha256|hold)$")
# Names of this form that stand for nothing yet: the caller chooses them.
CHOSEN = {
    ("messages_send", "message_id"),
    ("messages_send", "sha256"),
    ("media_upload", "sha256"),
    ("media_validate", "sha256"),
    ("inbound", "message_id"),
    ("inbound", "chat_id"),
    ("inbound", "sha256"),
}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path, as the document has it."""

    path: str
    method: str
    said: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.said["operationId"])

    @property
    def scopes(self) -> set[str]:
        """The scopes that its description names, one of which a key has to have; none where any key will do."""
        if "Any live key" in self.said["description"]:
            return set()
        named = re.search(r"Scope: `([a-z:]+)`(?: or `([a-z:]+)`)?", self.said["description"])
        assert named, f"{self.id}: end its description with its scope, as the others do: Scope: `media:read`."
        return {scope for scope in named.groups() if scope}

    def names(self) -> list[tuple[str, str]]:
        """Where in a request somebody's thing is named, and how: in the path, the query or a JSON body."""
        given = [(each["in"], each["name"]) for each in self.said.get("parameters", ())]
        given += [("body", name) for name in self.json_schema().get("properties", {})]
        return [
            (place, name)
            for place, name in given
            if place == "path"
            or (place in ("query", "body") and NAMES_SOMETHING.search(name) and (self.id, name) not in CHOSEN)
        ]

    def value_in_body(self, name: str, value: str) -> str | list[str]:
        """A value as its field takes it."""
        return [value] if self.json_schema()["properties"][name].get("type") == "array" else value

    def json_body(self) -> Any:
        """The document's example of a JSON body."""
        content = self.said.get("requestBody", {}).get("content", {})
        if not content:
            return {}
        examples = content.get("application/json", {}).get("examples", {})
        assert examples, f"{self.id}: give its JSON body an example (OpenApiExample), so that it can be sent here."
        return copy.deepcopy(next(iter(examples.values()))["value"])

    def json_schema(self) -> dict[str, Any]:
        content = self.said.get("requestBody", {}).get("content", {})
        reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
        return dict(DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]) if reference else {}


OPERATIONS = [
    Operation(path=path, method=method.upper(), said=said)
    for path, methods in DOCUMENT["paths"].items()
    for method, said in methods.items()
    # Where no key is asked for there is nobody to be told from others: a link is for whoever has it.
    if "No key" not in said["description"]
]
NAMES = [(operation, place, name) for operation in OPERATIONS for place, name in operation.names()]
ALL = [pytest.param(operation, id=operation.id) for operation in OPERATIONS]
EACH = [pytest.param(*each, id=f"{each[0].id}, {each[2]} in the {each[1]}") for each in NAMES]


def a_device(person: Person) -> str:
    return str(person.another_device().pk)


def a_destroyed_device(person: Person) -> str:
    device = a_device(person)
    assert person.api.delete(f"/v1/devices/{device}").status_code == 204
    return device


def a_media(person: Person) -> dict[str, Any]:
    return person.sent(jpeg(), message_id=uuid.uuid4().hex)


def a_failed_media(person: Person) -> str:
    """Of a URL, so that it can be fetched again."""
    answer = person.api.post_json("/v1/media", {"url": "https://files.example.com/a.jpg"})
    media = Media.objects.filter(pk=answer.json()["id"])
    media.update(status="failed", reason="bad_status", fetch_at=None)
    return str(media.get().pk)


def a_key(person: Person) -> str:
    key, _ = keys.issue_key(app=person.app, name="", scopes=["devices"], expires_at=None, now=timezone.now())
    return str(key.pk)


def a_webhook(person: Person) -> str:
    """The one that the person has."""
    endpoint = WebhookEndpoint.objects.for_app(person.app).first()
    if endpoint is None:
        url = "https://hooks.example.com/a"
        endpoint, _ = webhooks.create(app=person.app, url=url, events=["message"], now=timezone.now())
    return str(endpoint.pk)


def a_delivery(person: Person) -> str:
    """To the webhook of `a_webhook`."""
    endpoint = WebhookEndpoint.objects.get(pk=a_webhook(person))
    return str(webhooks.test(endpoint, now=timezone.now()).pk)


# How to make what a name stands for: by the path up to the name, or by operation and name.
IN_PATHS: dict[str, Make] = {
    "/v1/media/{media_id}": lambda person: str(a_media(person)["id"]),
    "/v1/media/{id}": lambda person: str(a_media(person)["id"]),
    "/v1/devices/{id}": a_device,
    "/v1/devices/{device_id}": a_device,
    "/v1/keys/{id}": a_key,
    "/v1/webhooks/{id}": a_webhook,
    "/v1/webhooks/{webhook_id}": a_webhook,
    "/v1/webhooks/{webhook_id}/deliveries/{id}": a_delivery,
}
ELSEWHERE: dict[tuple[str, str], Make] = {
    ("media_refetch", "id"): a_failed_media,
    ("devices_destruction", "device_id"): a_destroyed_device,
    ("download", "path"): lambda person: str(a_media(person)["media_path"]),
    ("media_list", "device"): lambda person: str(a_media(person)["device_id"]),
    ("media_list", "media_path"): lambda person: str(a_media(person)["media_path"]),
    ("media_list", "message_id"): lambda person: str(a_media(person)["message_id"]),
    ("media_list", "sha256"): lambda person: str(a_media(person)["sha256"]),
    ("outbox_claim", "device_ids"): a_device,
    ("messages_send", "media_id"): lambda person: str(a_media(person)["id"]),
    ("messages_send", "media_path"): lambda person: str(a_media(person)["media_path"]),
}
SOURCES = ("data_base64", "url", "media_id", "media_path")
UNKNOWN_VALUES = {"sha256": "0" * 64}


def maker(operation: Operation, place: str, name: str) -> Make:
    """How somebody gets what this name stands for."""
    prefix = operation.path.partition(f"{{{name}}}")[0] + f"{{{name}}}" if place == "path" else ""
    made = ELSEWHERE.get((operation.id, name)) or IN_PATHS.get(prefix)
    assert made, (
        f"{operation.id} names something by {name!r} in its {place}, and nothing here knows how to make one: add "
        f"({operation.id!r}, {name!r}) to ELSEWHERE{f', or {prefix!r} to IN_PATHS' if prefix else ''}; or, if the "
        "caller chooses it and it names nothing, to CHOSEN."
    )
    return made


def ask(api: Api, operation: Operation, caller: Person, values: dict[tuple[str, str], str]) -> Answer:
    """The request with these values; what else it names is the caller's own."""
    path = operation.path
    for place, name in operation.names():
        if place == "path":
            value = values.get((place, name)) or maker(operation, place, name)(caller)
            path = path.replace(f"{{{name}}}", value)
    query = {name: value for (place, name), value in values.items() if place == "query"}
    body = operation.json_body()
    given = {name: operation.value_in_body(name, value) for (place, name), value in values.items() if place == "body"}
    if given:
        body = {name: value for name, value in body.items() if name not in SOURCES} | given
    return _sent(api, operation.method, path, query, body)


def _sent(api: Api, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
    if method == "GET":
        return api.get(path, query)
    sent = json.dumps(body).encode() if body else b""
    return api.client.generic(method, path, sent, content_type="application/json", query_params=query or None)


def told(answer: Answer) -> dict[str, Any]:
    """All that an answer tells, but for the moment and the id of the request; its length too."""
    headers = {name: value for name, value in answer.items() if name not in ("X-Request-ID", "Date")}
    body = bytes_of(answer)
    said = json.loads(body) if "json" in answer.get("Content-Type", "") else {"bytes": body}
    if isinstance(said, dict):
        said.pop("request_id", None)
    return {"status": answer.status_code, "headers": headers, "body": said}


@pytest.fixture
def dead_token(alice: Person) -> str:
    """A key of alice's that was revoked."""
    key, token = keys.issue_key(app=alice.app, name="", scopes=Scope.values, expires_at=None, now=timezone.now())
    keys.revoke(key, now=timezone.now())
    return token


class TestAnotherTenant:
    @pytest.mark.parametrize(("operation", "place", "name"), EACH)
    def test_sees_what_it_would_of_nothing(
        self, alice: Person, bob: Person, operation: Operation, place: str, name: str
    ) -> None:
        foreign = maker(operation, place, name)(alice)
        unknown = [UNKNOWN_VALUES.get(name, UNKNOWN)]
        if place != "query" or operation.id == "download":
            unknown += MALFORMED
        answers = {value: ask(bob.api, operation, bob, {(place, name): value}) for value in (foreign, *unknown)}
        first = told(answers[foreign])
        assert first["status"] == 404 or first["body"] == {"results": [], "next": None, "previous": None}
        for value, answer in answers.items():
            assert told(answer) == first, value
        # The one whose it is sees it: the request is right, and so it was refused for whose it is.
        own = told(ask(alice.api, operation, alice, {(place, name): foreign}))
        assert own["status"] < 300, own
        assert own["body"] != first["body"]


class TestACallerWithoutTheRight:
    @pytest.mark.parametrize("operation", ALL)
    def test_key_is_told_only_that_one_is_needed(self, alice: Person, dead_token: str, operation: Operation) -> None:
        answers = [
            told(ask(Api(token), operation, alice, values))
            for token in (None, "", "mhk_nonsense", "\u00e9", dead_token)
            for values in self._existing_and_not(operation, alice)
        ]
        assert answers[0]["status"] == 401
        assert answers[0]["headers"]["WWW-Authenticate"] == "Bearer"
        assert all(answer == answers[0] for answer in answers)

    @pytest.mark.parametrize("operation", ALL)
    def test_scope_is_told_only_which(self, alice: Person, operation: Operation) -> None:
        if not operation.scopes:
            return
        api = alice.with_scopes(*(set(Scope.values) - operation.scopes))
        answers = [told(ask(api, operation, alice, values)) for values in self._existing_and_not(operation, alice)]
        assert answers[0]["status"] == 403
        assert answers[0]["body"]["code"] == "scope_missing"
        assert answers[0]["body"]["scope"] in operation.scopes
        assert all(answer == answers[0] for answer in answers)

    @staticmethod
    def _existing_and_not(operation: Operation, person: Person) -> list[dict[tuple[str, str], str]]:
        """What is there, what is not, what cannot be, and a query that is nonsense."""
        named = operation.names()
        existing = {(place, name): maker(operation, place, name)(person) for place, name in named}
        sole_source = [each for each in named if each[0] == "body"][1:]
        for each in sole_source:
            del existing[each]
        unknown = {each: UNKNOWN_VALUES.get(each[1], UNKNOWN) for each in existing}
        malformed = dict.fromkeys(existing, "x")
        return [existing, unknown, malformed, {**existing, ("query", "colour"): "red"}]


class TestTheDocument:
    def test_names_something_in_most_of_its_operations(self) -> None:
        """That these tests find what they are about."""
        found = {(operation.id, name) for operation, _, name in NAMES}
        assert found >= {("media_read", "id"), ("download", "path"), ("messages_send", "device_id"), *ELSEWHERE}

    def test_is_asked_for_a_maker_by_a_sentence(self) -> None:
        said = {"operationId": "parcels_read", "parameters": [{"in": "path", "name": "parcel_id"}]}
        new = Operation(path="/v1/parcels/{parcel_id}", method="GET", said=said)
        with pytest.raises(AssertionError, match="nothing here knows how to make one: add"):
            maker(new, *new.names()[0])
