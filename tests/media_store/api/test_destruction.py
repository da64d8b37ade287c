"""GET /v1/devices/{id}/destruction: true at every stage, and told to the device's own app alone."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from media_store import collection, destruction, failpoints, retention
from media_store.models import Media
from tests.media_files import jpeg, png
from tests.people import Person, refusal

MINUTE = timedelta(minutes=1)


@pytest.fixture
def _batches_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(destruction.BATCH_ROWS, connection.vendor, 2)


def destroy(person: Person) -> None:
    assert person.api.delete(f"/v1/devices/{person.device.pk}").status_code == 204


def account(person: Person) -> dict[str, Any]:
    answer = person.api.get(f"/v1/devices/{person.device.pk}/destruction")
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def counts(person: Person) -> tuple[Any, ...]:
    told = account(person)
    return (
        told["status"],
        told["media"],
        told["media_left"],
        told["objects_left"],
        told["objects_shared"],
        told["removed_at"] is not None,
    )


def finish() -> None:
    destruction.finish_destroyed(now=timezone.now())


def collect() -> None:
    later = timezone.now() + MINUTE
    collection.condemn_released(now=later)
    collection.collect(now=later)


class TestTheAccount:
    @pytest.mark.usefixtures("_batches_of_two")
    def test_is_true_at_every_stage(self, alice: Person) -> None:
        sizes = [alice.sent(jpeg(shade=shade))["size"] for shade in range(3)]
        before = timezone.now()
        destroy(alice)
        assert counts(alice) == ("removing", 0, 3, 0, 0, False)
        stages: list[Any] = []
        with failpoints.at("destruction.batch_removed", lambda: stages.append(counts(alice))):
            finish()
        assert stages == [("removing", 2, 1, 2, 0, False), ("removing", 3, 0, 3, 0, False)]
        assert counts(alice) == ("collecting", 3, 0, 3, 0, True)
        assert (account(alice)["bytes"], account(alice)["bytes_left"]) == (sum(sizes), sum(sizes))
        collect()
        assert counts(alice) == ("done", 3, 0, 0, 0, True)
        told = account(alice)
        assert (told["bytes"], told["bytes_left"]) == (sum(sizes), 0)
        assert (told["device_id"], told["device_name"]) == (str(alice.device.pk), "alice's phone")
        moments = [before, *(datetime.fromisoformat(told[name]) for name in ("destroyed_at", "removed_at"))]
        assert moments == sorted(moments)

    def test_tells_what_others_share_and_when_they_let_go(self, alice: Person) -> None:
        alice.sent(jpeg())
        alice.sent(png())
        other = alice.uploaded(jpeg())
        destroy(alice)
        finish()
        assert counts(alice) == ("collecting", 2, 0, 1, 1, True)
        collect()
        assert counts(alice) == ("done", 2, 0, 0, 1, True)
        alice.api.delete(f"/v1/media/{other['id']}")
        assert counts(alice) == ("collecting", 2, 0, 1, 0, True)
        collect()
        assert counts(alice) == ("done", 2, 0, 0, 0, True)

    def test_of_a_device_without_media_is_done_at_once(self, alice: Person) -> None:
        destroy(alice)
        finish()
        assert counts(alice) == ("done", 0, 0, 0, 0, True)

    def test_tells_while_a_hold_keeps_the_rest(self, alice: Person) -> None:
        alice.sent(jpeg())
        destroy(alice)
        retention.hold(alice.app, reason="a case", until=None, by="operator", now=timezone.now())
        finish()
        assert counts(alice) == ("removing", 0, 1, 0, 0, False)

    def test_keeps_its_sums_once_the_copies_are_swept(self, alice: Person) -> None:
        alice.sent(jpeg())
        destroy(alice)
        finish()
        collect()
        assert retention.sweep_windows(now=timezone.now() + timedelta(days=200)) == 1
        assert counts(alice) == ("done", 1, 0, 0, 0, True)

    def test_counts_what_went_before_among_what_the_device_had(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        alice.api.delete(f"/v1/media/{media['id']}")
        destroy(alice)
        finish()
        assert account(alice)["media"] == 1

    def test_asks_the_same_few_questions_whatever_the_number_of_media(
        self, alice: Person, django_assert_max_num_queries: Any
    ) -> None:
        for shade in range(5):
            alice.sent(jpeg(shade=shade))
        destroy(alice)
        finish()
        with django_assert_max_num_queries(8):
            account(alice)


class TestAStranger:
    def test_cannot_tell_anothers_account_from_none(self, alice: Person, bob: Person) -> None:
        alice.sent(jpeg())
        destroy(alice)
        finish()
        answers = [
            bob.api.get(f"/v1/devices/{device}/destruction")
            for device in (alice.device.pk, bob.device.pk, uuid.uuid4(), "x", "%00", "null")
        ]
        bodies = [{**answer.json(), "request_id": None} for answer in answers]
        assert {refusal(answer) for answer in answers} == {(404, "not_found")}
        assert all(body == bodies[0] for body in bodies)

    def test_needs_the_scope(self, alice: Person) -> None:
        destroy(alice)
        answer = alice.with_scopes("media:read", "media:write").get(f"/v1/devices/{alice.device.pk}/destruction")
        assert refusal(answer) == (403, "scope_missing")

    def test_of_a_living_device_hears_nothing(self, alice: Person) -> None:
        assert refusal(alice.api.get(f"/v1/devices/{alice.device.pk}/destruction")) == (404, "not_found")
        assert Media.objects.count() == 0
