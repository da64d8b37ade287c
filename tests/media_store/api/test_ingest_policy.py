"""What of a device's inbound media is kept, and what becomes of the rest."""

from typing import Any

import pytest
from django.utils import timezone

from devices import destruction as device_destruction
from devices.models import AuditEvent
from media_store import destruction
from media_store.models import IngestPolicy, Media
from tests.listening import heard, listen
from tests.media_files import jpeg
from tests.people import NOTHING, Answer, Api, Person, device_url, refusal

pytestmark = pytest.mark.django_db

ALL = {"kinds": None, "groups": True, "statuses": True, "max_bytes": None}


def policy_url(person: Person) -> str:
    return f"{device_url(person.device)}/ingest-policy"


def put(api: Api, path: str, document: object) -> Answer:
    return api.client.put(path, document, content_type="application/json")


def policy(person: Person, **said: Any) -> None:
    answer = put(person.api, policy_url(person), {**ALL, **said})
    assert answer.status_code == 200, answer.content
    assert answer.json() == {**ALL, **said}


def outcome(person: Person, **fields: str) -> tuple[str, str | None]:
    answer = person.api.hand_in(person.device, jpeg(), **fields)
    assert answer.status_code == 201, answer.content
    return answer.json()["status"], answer.json()["reason"]


class TestAPolicy:
    def test_is_none_until_somebody_sets_one(self, alice: Person) -> None:
        assert alice.api.get(policy_url(alice)).json() == ALL
        assert outcome(alice, chat_id="status@broadcast") == ("ready", None)

    @pytest.mark.parametrize(
        ("said", "fields", "reason"),
        [
            ({"kinds": ["audio"]}, {}, "policy_kind"),
            ({"kinds": ["audio"]}, {"kind": "audio"}, None),
            ({"kinds": []}, {}, "policy_kind"),
            ({"kinds": ["image"]}, {"kind": "sticker"}, "policy_kind"),
            ({"groups": False}, {"chat_id": "12036@g.us"}, "policy_chat"),
            ({"groups": False}, {"chat_id": "62811@s.whatsapp.net"}, None),
            ({"groups": False}, {"chat_type": "group"}, "policy_chat"),
            ({"groups": False}, {"chat_type": "direct", "chat_id": "12036@g.us"}, None),
            ({"statuses": False}, {"chat_id": "status@broadcast"}, "policy_chat"),
            ({"statuses": False}, {"chat_id": "12036@g.us"}, None),
            ({"max_bytes": len(jpeg())}, {}, None),
            ({"max_bytes": len(jpeg()) - 1}, {}, "policy_size"),
        ],
    )
    def test_decides_what_is_kept(
        self, alice: Person, said: dict[str, Any], fields: dict[str, str], reason: str | None
    ) -> None:
        policy(alice, **said)
        assert outcome(alice, **fields) == ("omitted" if reason else "ready", reason)

    def test_keeps_no_bytes_and_tells_all_the_same(self, alice: Person) -> None:
        listen(alice.app)
        policy(alice, kinds=["audio"])
        outcome(alice, from_="62811", caption="c")
        assert alice.left_behind() == NOTHING
        event, facts = heard(alice.app)[0]
        assert (event, facts["reason"], facts["from"], facts["caption"]) == ("message", "policy_kind", "62811", "c")
        assert (facts["size"], facts["mime_type"], facts["sha256"]) == (len(jpeg()), "image/jpeg", None)

    def test_leaves_what_was_kept_before(self, alice: Person) -> None:
        assert outcome(alice) == ("ready", None)
        policy(alice, kinds=["audio"])
        again = alice.api.hand_in(alice.device, jpeg())
        assert (again.status_code, again.json()["status"]) == (200, "ready")
        assert refusal(alice.api.hand_in(alice.device, jpeg() + b"x")) == (409, "duplicate_message_id")

    def test_is_of_one_device(self, alice: Person) -> None:
        policy(alice, kinds=[])
        answer = alice.api.hand_in(alice.another_device(), jpeg())
        assert answer.json()["status"] == "ready"

    def test_does_not_touch_what_is_sent(self, alice: Person) -> None:
        policy(alice, kinds=[], max_bytes=1)
        assert alice.sent(jpeg())["status"] == "ready"

    def test_is_replaced_as_a_whole(self, alice: Person) -> None:
        policy(alice, kinds=["audio"], groups=False)
        policy(alice)
        assert outcome(alice, chat_id="1@g.us") == ("ready", None)

    def test_that_changes_something_is_told_in_the_trail(self, alice: Person) -> None:
        policy(alice)
        policy(alice, groups=False)
        policy(alice, groups=False)
        policy(alice)
        told = AuditEvent.objects.filter(action="ingest_policy_changed").order_by("pk")
        assert [event.details for event in told] == [{**ALL, "groups": False}, ALL]
        assert {(event.by, event.subject, event.app_id, event.device_id) for event in told} == {
            (f"key {alice.token[:12]}", alice.device.name, alice.app.pk, alice.device.pk)
        }

    def test_goes_with_its_device(self, alice: Person) -> None:
        policy(alice, groups=False)
        alice.api.hand_in(alice.device, jpeg())
        device_destruction.destroy(alice.device, now=timezone.now(), by="test")
        destruction.finish_destroyed(now=timezone.now())
        assert not IngestPolicy.objects.exists()
        assert not Media.objects.exists()
        assert refusal(alice.api.get(policy_url(alice))) == (404, "not_found")

    @pytest.mark.parametrize(
        "document",
        [
            {},
            {**ALL, "kinds": ["text"]},
            {**ALL, "kinds": "image"},
            {**ALL, "groups": "yes"},
            {**ALL, "groups": None},
            {**ALL, "statuses": 1},
            {**ALL, "max_bytes": 0},
            {**ALL, "max_bytes": "100"},
            {**ALL, "max_bytes": 2**63},
            {**ALL, "colour": "red"},
            [],
        ],
    )
    def test_that_is_none_is_refused(self, alice: Person, document: object) -> None:
        assert put(alice.api, policy_url(alice), document).status_code == 400
        assert not IngestPolicy.objects.exists()


class TestWhoMay:
    def test_gateways_may_read_and_not_write(self, alice: Person) -> None:
        gateway = alice.with_scopes("gateway")
        assert gateway.get(policy_url(alice)).status_code == 200
        assert refusal(put(gateway, policy_url(alice), ALL)) == (403, "scope_missing")

    def test_those_who_manage_devices_may(self, alice: Person) -> None:
        manager = alice.with_scopes("devices")
        assert put(manager, policy_url(alice), ALL).status_code == 200
        assert manager.get(policy_url(alice)).status_code == 200

    def test_others_may_not(self, alice: Person, bob: Person) -> None:
        assert refusal(alice.with_scopes("media:read").get(policy_url(alice))) == (403, "scope_missing")
        assert refusal(bob.api.get(policy_url(alice))) == (404, "not_found")
        assert refusal(put(bob.api, policy_url(alice), ALL)) == (404, "not_found")
