"""Operators say which inbound media of a device is kept."""

from typing import Any

import pytest

from devices.models import AuditEvent
from media_store.models import IngestPolicy
from tests.media_files import jpeg
from tests.media_store.commands.conftest import done, run
from tests.people import Person, device_url

pytestmark = pytest.mark.once
ALL = {"kinds": None, "groups": True, "statuses": True, "max_bytes": None}


def said(*arguments: str) -> dict[str, Any]:
    return dict(done("set_ingest_policy", "--device", "alice's phone", *arguments))


def by_the_api(person: Person) -> dict[str, Any]:
    return dict(person.api.get(f"{device_url(person.device)}/ingest-policy").json())


class TestSetIngestPolicy:
    def test_shows_what_is_in_force_and_writes_nothing(self, alice: Person) -> None:
        told = said("--app", "alice")
        assert {name: told[name] for name in ALL} == ALL
        assert (told["changed_at"], told["changed_by"]) == (None, "")
        assert run("set_ingest_policy", "--device", str(alice.device.pk)).out.split("\n")[:2] == [
            "kinds     any",
            "groups    yes",
        ]
        assert not IngestPolicy.objects.exists()
        assert not AuditEvent.objects.exists()

    def test_changes_what_it_names_and_leaves_the_rest(self, alice: Person) -> None:
        said("--groups", "no", "--max-size", "2KB")
        told = said("--kinds", "audio,image")
        expected = {"kinds": ["audio", "image"], "groups": False, "statuses": True, "max_bytes": 2_048}
        assert {name: told[name] for name in ALL} == expected == by_the_api(alice)
        assert told["changed_by"].startswith("operator ")

    def test_holds_for_what_is_handed_in(self, alice: Person) -> None:
        said("--kinds", "none")
        assert alice.api.hand_in(alice.device, jpeg()).json()["reason"] == "policy_kind"

    def test_takes_limits_back(self, alice: Person) -> None:
        said("--kinds", "none", "--groups", "no", "--statuses", "no", "--max-size", "1")
        said("--kinds", "any", "--max-size", "any")
        assert by_the_api(alice) == {**ALL, "groups": False, "statuses": False}
        said("--keep-all", "--statuses", "no")
        assert by_the_api(alice) == {**ALL, "statuses": False}

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (("--kinds", "text"), "there is no kind 'text'"),
            (("--kinds", ""), "there is no kind ''"),
            (("--groups", "maybe"), "invalid choice"),
            (("--max-size", "0"), "would keep nothing"),
            (("--max-size", "huge"), "no size"),
        ],
    )
    def test_refuses_what_cannot_be_meant(self, alice: Person, arguments: tuple[str, ...], complaint: str) -> None:
        assert complaint in run("set_ingest_policy", "--device", "alice's phone", *arguments).sentence
        assert not IngestPolicy.objects.exists()

    def test_wants_a_device_that_there_is(self, alice: Person) -> None:
        told = run("set_ingest_policy", "--device", "nobody's", "--groups", "no")
        assert (told.code, told.sentence) == (1, 'There is no device with the id or name "nobody\'s".')
