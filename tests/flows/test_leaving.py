"""Media that leave: out of everybody's reach from the moment the row says so, before any byte is deleted."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices import destruction as devices_destruction
from media_store import destruction, retention
from media_store.delivery import ensure_readable
from media_store.errors import MediaGone
from media_store.models import Blob, Media
from tests.media_files import jpeg
from tests.people import Person, bytes_of, refusal, staff


def every_way(person: Person, media: dict[str, Any]) -> list[tuple[int, str]]:
    """How each way to the bytes answers: whole, in part, by condition, by id, by sending it on."""
    api, path = person.api, media["media_path"]
    elsewhere = person.another_device()
    return [
        refusal(answer)
        for answer in (
            api.download(path),
            api.download(path, Range="bytes=0-1"),
            api.download(path, If_None_Match=f'"{media["sha256"]}"'),
            api.get(f"/v1/media/{media['id']}/content"),
            api.send(elsewhere, media_id=media["id"]),
            api.send(elsewhere, media_path=path),
        )
    ]


@pytest.fixture
def media(alice: Person) -> dict[str, Any]:
    return alice.sent(jpeg())


def object_is_still_there(person: Person) -> bool:
    return len(person.left_behind()["objects"]) == 1


class TestLeaving:
    def test_what_has_expired_is_gone_at_that_moment(self, alice: Person, media: dict[str, Any]) -> None:
        Media.objects.filter(pk=media["id"]).update(expires_at=timezone.now())
        assert set(every_way(alice, media)) == {(410, "media_gone")}
        assert alice.api.get(f"/v1/media/{media['id']}").json()["status"] == "expired"
        assert object_is_still_there(alice)

    def test_and_no_moment_earlier(self, alice: Person, media: dict[str, Any]) -> None:
        row = Media.objects.get(pk=media["id"])
        ensure_readable(row, now=row.expires_at - timedelta(microseconds=1))
        with pytest.raises(MediaGone):
            ensure_readable(row, now=row.expires_at)

    @pytest.mark.parametrize("reason", ["client", "staff"])
    def test_what_was_removed_is_gone_at_once(self, alice: Person, media: dict[str, Any], reason: str) -> None:
        retention.remove(Media.objects.get(pk=media["id"]), reason=reason, now=timezone.now(), by="test")
        assert set(every_way(alice, media)) == {(410, "media_gone")}
        assert object_is_still_there(alice)

    def test_what_was_on_a_destroyed_device_is_gone_at_the_mark(self, alice: Person, media: dict[str, Any]) -> None:
        devices_destruction.destroy(alice.device, now=timezone.now(), by="test")
        assert set(every_way(alice, media)) == {(404, "not_found")}
        assert refusal(alice.api.get(f"/v1/media/{media['id']}")) == (404, "not_found")
        assert alice.api.get("/v1/media").json()["results"] == []
        assert refusal(alice.api.send(alice.device, jpeg())) == (404, "not_found")
        assert object_is_still_there(alice)

    def test_nor_do_staff_open_it(self, alice: Person, media: dict[str, Any]) -> None:
        dora = staff("dora", "view_content")
        content = f"/admin/media_store/media/{media['id']}/content"
        assert bytes_of(dora.get(content)) == jpeg()
        devices_destruction.destroy(alice.device, now=timezone.now(), by="test")
        assert dora.get(content).status_code == 404

    def test_what_was_sent_on_before_stays(self, alice: Person, media: dict[str, Any]) -> None:
        again = alice.api.send(alice.another_device(), media_id=media["id"]).json()["media"]
        devices_destruction.destroy(alice.device, now=timezone.now(), by="test")
        destruction.finish_destroyed(now=timezone.now())
        assert bytes_of(alice.api.download(again["media_path"])) == jpeg()

    def test_a_revoked_key_opens_nothing_from_then_on(self, alice: Person, media: dict[str, Any]) -> None:
        key = alice.api.get("/v1/me").json()["key"]["id"]
        assert alice.api.delete(f"/v1/keys/{key}").status_code == 204
        assert set(every_way(alice, media)) == {(401, "unauthenticated")}


class TestTheNameOfADestroyedDevice:
    def test_can_be_given_again_and_its_message_ids_too(self, alice: Person) -> None:
        first = alice.sent(jpeg(), message_id="m1")
        devices_destruction.destroy(alice.device, now=timezone.now(), by="test")
        device = alice.api.post_json("/v1/devices", {"name": alice.device.name}).json()
        second = alice.api.send(device["id"], jpeg(), message_id="m1").json()["media"]
        assert second["media_path"] != first["media_path"]
        assert bytes_of(alice.api.download(second["media_path"])) == jpeg()
        assert refusal(alice.api.download(first["media_path"])) == (404, "not_found")
        assert Blob.objects.filter(app=alice.app).count() == 1
