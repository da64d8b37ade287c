"""Message ids: unique per device and direction, whatever characters they have."""

import re

from django.conf import settings
from django.utils import timezone

from media_store import ingest
from media_store.models import Blob, Media
from media_store.spool import Spool
from tests.media_files import jpeg, png
from tests.people import Person, bytes_of, refusal


class TestTheSameAgain:
    def test_with_the_same_bytes_answers_the_first(self, alice: Person) -> None:
        first = alice.api.send(alice.device, jpeg(), message_id="m1", caption="one")
        again = alice.api.send(alice.device, jpeg(), message_id="m1", caption="two")
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()
        assert again["Location"] == first["Location"]
        assert Media.objects.count() == 1

    def test_by_another_way_in_is_the_same_source(self, alice: Person) -> None:
        first = alice.api.send(alice.device, jpeg(), message_id="m1")
        again = alice.api.send_file(alice.device, jpeg(), message_id="m1")
        assert (again.status_code, again.json()) == (200, first.json())

    def test_with_other_bytes_is_a_conflict(self, alice: Person) -> None:
        alice.sent(jpeg(), message_id="m1")
        before = alice.left_behind()
        answer = alice.api.send(alice.device, png(), message_id="m1")
        assert refusal(answer) == (409, "duplicate_message_id")
        assert "'m1'" in answer.json()["detail"]
        assert alice.left_behind() == before

    def test_from_another_device_is_another_message(self, alice: Person) -> None:
        first = alice.sent(jpeg(), message_id="m1")
        second = alice.api.send(alice.another_device(), png(), message_id="m1").json()["media"]
        assert first["media_path"] != second["media_path"]

    def test_of_another_app_is_another_message(self, alice: Person, bob: Person) -> None:
        alice.sent(jpeg(), message_id="m1")
        assert bob.api.send(bob.device, png(), message_id="m1").status_code == 201

    def test_after_a_removal_answers_the_tombstone(self, alice: Person) -> None:
        first = alice.sent(jpeg(), message_id="m1")
        alice.api.delete(f"/v1/media/{first['id']}")
        again = alice.api.send(alice.device, jpeg(), message_id="m1")
        assert (again.status_code, again.json()["media"]["status"]) == (200, "purged")

    def test_is_told_from_one_that_differs_in_case_or_space(self, alice: Person) -> None:
        ids = ["m1", "M1", " m1", "m1 ", "m1\n", "\uff4d1"]
        answers = [alice.api.send(alice.device, jpeg(), message_id=message_id) for message_id in ids]
        assert [answer.status_code for answer in answers] == [201] * len(ids)
        assert [answer.json()["message_id"] for answer in answers] == ids


class TestIds:
    def test_are_made_where_there_is_none(self, alice: Person) -> None:
        first, second = alice.sent(jpeg()), alice.sent(jpeg())
        assert re.fullmatch("[0-9a-f]{32}", first["message_id"])
        assert first["message_id"] != second["message_id"]

    def test_that_are_plain_stand_in_the_path(self, alice: Person) -> None:
        for message_id in ("a", "0", "-", "_", "wamid-HBgL_1", "A" * 64):
            media = alice.sent(jpeg(), message_id=message_id)
            assert media["media_path"] == f"media/{alice.app.pk}/{alice.device.pk}-{message_id}.jpg"

    def test_that_are_odd_are_kept_and_do_not(self, alice: Person) -> None:
        prefix = re.escape(f"media/{alice.app.pk}/{alice.device.pk}-")
        for message_id in (
            "a.b", "wamid.HBgL==", "A" * 65, "x" * 255, "../../x", "a/b", "a b", "ü", "猫", "\u0663", "a\n", "%2e", "?",
            "#", "🐈", " ",
        ):  # fmt: skip
            media = alice.sent(jpeg(), message_id=message_id)
            assert media["message_id"] == message_id
            assert re.fullmatch(rf"{prefix}[0-9a-f]{{32}}\.jpg", media["media_path"]), message_id
            assert bytes_of(alice.api.download(media["media_path"])) == jpeg(), message_id
            again = alice.api.send(alice.device, jpeg(), message_id=message_id)
            assert (again.status_code, again.json()["media"]["id"]) == (200, media["id"]), message_id

    def test_name_the_download_where_there_is_no_file_name(self, alice: Person) -> None:
        media = alice.sent(jpeg(), message_id="wamid-1")
        assert 'filename="wamid-1.jpg"' in alice.api.download(media["media_path"])["Content-Disposition"]


class TestBothDirections:
    def test_the_second_of_two_with_one_id_gets_another_path(self, alice: Person) -> None:
        outbound = alice.sent(jpeg(), message_id="m1")
        inbound = received(alice, jpeg(shade=100), message_id="m1")
        assert inbound.message_id == outbound["message_id"]
        prefix = re.escape(f"media/{alice.app.pk}/{alice.device.pk}-")
        assert re.fullmatch(rf"{prefix}[0-9a-f]{{32}}\.jpg", inbound.path)
        assert bytes_of(alice.api.download(inbound.path)) == jpeg(shade=100)
        assert bytes_of(alice.api.download(outbound["media_path"])) == jpeg()

    def test_of_the_same_bytes_share_them(self, alice: Person) -> None:
        outbound = alice.sent(jpeg(), message_id="m1")
        inbound = received(alice, jpeg(), message_id="m1")
        assert inbound.path != outbound["media_path"]
        assert Blob.objects.filter(app=alice.app).count() == 1


def received(person: Person, content: bytes, *, message_id: str) -> Media:
    """What a gateway brings in."""
    arrival = ingest.Arrival(
        app=person.app,
        device=person.device,
        direction=Media.Direction.INBOUND,
        source=Media.Source.FILE,
        message_id=message_id,
    )
    with Spool(folder=settings.SPOOL_DIR, max_bytes=settings.MEDIA_MAX_BYTES) as spool:
        spool.write(content)
        return ingest.receive(arrival, spool, now=timezone.now()).media
