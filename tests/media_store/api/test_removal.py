"""DELETE /v1/media/{id}: the bytes go, a tombstone stays."""

from datetime import datetime, timedelta

from django.utils import timezone

from media_store import retention
from media_store.models import Blob, BlobRelease, Media
from tests.media_files import jpeg
from tests.people import Person, bytes_of, refusal


class TestRemoval:
    def test_answers_204_and_then_410(self, alice: Person) -> None:
        media = alice.sent(jpeg(), caption="for your eyes", to="6281234567890")
        before = timezone.now()
        answer = alice.api.delete(f"/v1/media/{media['id']}")

        assert (answer.status_code, answer.content) == (204, b"")
        for gone in (alice.api.download(media["media_path"]), alice.api.get(f"/v1/media/{media['id']}/content")):
            assert (*refusal(gone), gone.json()["reason"]) == (410, "media_gone", "client")
            assert before <= datetime.fromisoformat(gone.json()["gone_at"]) <= timezone.now()

    def test_leaves_the_facts_and_takes_the_words(self, alice: Person) -> None:
        media = alice.sent(jpeg(), caption="for your eyes", to="6281234567890", message_id="m1")
        alice.api.delete(f"/v1/media/{media['id']}")
        tombstone = alice.api.get(f"/v1/media/{media['id']}").json()
        assert tombstone.pop("purged_at") is not None
        assert tombstone == {
            **{name: value for name, value in media.items() if name != "purged_at"},
            "status": "purged",
            "reason": "client",
            "caption": None,
        }
        assert Media.objects.get(pk=media["id"]).to == ""

    def test_notes_the_object_that_it_lets_go(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        blob = Blob.objects.get(app=alice.app)
        alice.api.delete(f"/v1/media/{media['id']}")
        assert [note.blob_id for note in BlobRelease.objects.all()] == [blob.pk]
        assert len(alice.left_behind()["objects"]) == 1

    def test_leaves_others_with_the_same_bytes_alone(self, alice: Person) -> None:
        first, second = alice.sent(jpeg()), alice.sent(jpeg())
        alice.api.delete(f"/v1/media/{first['id']}")
        assert bytes_of(alice.api.download(second["media_path"])) == jpeg()

    def test_twice_is_once(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        answers = [alice.api.delete(f"/v1/media/{media['id']}") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [204, 204]
        assert BlobRelease.objects.count() == 1

    def test_stays_as_it_was_first_told(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        alice.api.delete(f"/v1/media/{media['id']}")
        tombstone = alice.api.get(f"/v1/media/{media['id']}").json()
        retention.remove(Media.objects.get(pk=media["id"]), reason="staff", now=timezone.now(), by="test")
        assert alice.api.get(f"/v1/media/{media['id']}").json() == tombstone

    def test_of_what_has_expired_is_taken_too(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        Media.objects.filter(pk=media["id"]).update(expires_at=timezone.now() - timedelta(days=1))
        assert alice.api.delete(f"/v1/media/{media['id']}").status_code == 204
        assert refusal(alice.api.download(media["media_path"])) == (410, "media_gone")

    def test_of_what_never_had_bytes_notes_nothing(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        Media.objects.filter(pk=media["id"]).update(status="failed", reason="source_forbidden", blob=None)
        assert alice.api.delete(f"/v1/media/{media['id']}").status_code == 204
        assert not BlobRelease.objects.exists()

    def test_lets_the_same_bytes_be_sent_again(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        alice.api.delete(f"/v1/media/{media['id']}")
        again = alice.sent(jpeg())
        assert bytes_of(alice.api.download(again["media_path"])) == jpeg()

    def test_of_another_apps_media_finds_nothing(self, alice: Person, bob: Person) -> None:
        media = alice.sent(jpeg())
        assert refusal(bob.api.delete(f"/v1/media/{media['id']}")) == (404, "not_found")
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()
