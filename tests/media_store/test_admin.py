"""Media in the admin, as staff see it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from devices import destruction
from media_store.models import Blob, BlobRelease, Media
from tests.media_files import jpeg, ogg_opus, pdf, png
from tests.media_store.rows import media_of
from tests.people import Person, bytes_of, staff

LIST = "/admin/media_store/media/"
BLOBS = "/admin/media_store/blob/"


@pytest.fixture(autouse=True)
def _uncollected(settings: Settings) -> None:
    """Name static files plainly: nobody has collected them."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def dora(db: None) -> Client:
    """Staff who may open files and remove them."""
    return staff("dora", "view_content", "remove_media")


def page_of(media: dict[str, Any]) -> str:
    return f"{LIST}{media['id']}/change/"


def content_of(media: dict[str, Any]) -> str:
    return f"{LIST}{media['id']}/content"


def rows(client: Client, **query: Any) -> list[str]:
    """The ids that the list shows."""
    answer = client.get(LIST, query)
    assert answer.status_code == 200, answer.get("Location")
    found = re.findall(rf'<th[^>]*>.*?href="{LIST}([0-9a-f-]+)/change/', answer.content.decode())
    return list(dict.fromkeys(found))


class TestTheList:
    def test_shows_all_apps_newest_first_tombstones_included(self, charlie: Client, alice: Person, bob: Person) -> None:
        media = [alice.sent(jpeg()), bob.sent(jpeg()), alice.uploaded(pdf())]
        alice.api.delete(f"/v1/media/{media[0]['id']}")
        assert rows(charlie) == [each["id"] for each in media[::-1]]
        assert "purged" in charlie.get(LIST).content.decode()

    @pytest.mark.parametrize("address", [LIST, BLOBS])
    def test_costs_the_same_queries_for_fifty_rows_as_for_five(
        self, charlie: Client, alice: Person, address: str
    ) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                assert charlie.get(address).status_code == 200
            return len(captured)

        for _ in range(5):
            media_of(alice.app, device=alice.another_device())
        few = queries()
        for _ in range(45):
            media_of(alice.app, device=alice.another_device())
        assert queries() == few

    def test_filters(self, charlie: Client, alice: Person) -> None:
        expired, purged, ready = alice.sent(jpeg()), alice.sent(png()), alice.sent(ogg_opus(), type="audio")
        upload = alice.uploaded(pdf())
        Media.objects.filter(pk=expired["id"]).update(expires_at=timezone.now())
        alice.api.delete(f"/v1/media/{purged['id']}")
        sent = [ready["id"], purged["id"], expired["id"]]
        for name, value, expected in (
            ("status", "expired", [expired["id"]]),
            ("status", "purged", [purged["id"]]),
            ("status", "ready", [upload["id"], ready["id"]]),
            ("direction__exact", "upload", [upload["id"]]),
            ("kind__exact", "audio", [ready["id"]]),
            ("source__exact", "base64", sent),
            ("delivery__exact", "queued", sent),
        ):
            assert rows(charlie, **{name: value}) == expected, value

    def test_filters_by_app(self, charlie: Client, alice: Person, bob: Person) -> None:
        alice.sent(jpeg())
        media = bob.sent(jpeg())
        assert rows(charlie, app__id__exact=bob.app.pk) == [media["id"]]

    def test_has_a_hierarchy_of_dates(self, charlie: Client, alice: Person) -> None:
        old, new = alice.sent(jpeg()), alice.sent(png())
        Media.objects.filter(pk=old["id"]).update(created_at=timezone.now() - timedelta(days=800))
        moment = timezone.now()
        assert rows(charlie, created_at__year=moment.year, created_at__month=moment.month) == [new["id"]]
        assert f"created_at__year={moment.year}" in charlie.get(LIST).content.decode()

    def test_is_searched_by_path_message_id_checksum_and_file_name(self, charlie: Client, alice: Person) -> None:
        media = alice.sent(jpeg(), message_id="wamid.1==", file_name="Rechnung März.jpg")
        alice.sent(png())
        for words in (media["media_path"], "wamid.1==", media["sha256"], "rechnung", "März.jpg"):
            assert rows(charlie, q=words) == [media["id"]]
        assert rows(charlie, q="nothing of the kind") == []

    def test_takes_any_search(self, charlie: Client, alice: Person) -> None:
        alice.sent(jpeg())
        for query in ("'; --", "%", "\\", "\x00", "x" * 5000, '"'):
            assert charlie.get(LIST, {"q": query}).status_code == 200, query


@pytest.mark.once
class TestThePage:
    def test_shows_the_facts_and_offers_no_change(self, charlie: Client, alice: Person) -> None:
        media = alice.sent(jpeg(), caption="Payment slip", message_id="slip-1", mime_type="image/jpg")
        answer = charlie.get(page_of(media))
        text = answer.content.decode()
        for fact in (media["media_path"], media["sha256"], "Payment slip", "slip-1", "6281234567890", "Base64"):
            assert fact in text
        assert 'name="_save"' not in text
        assert "deletelink" not in text

    def test_shows_a_tombstone(self, dora: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        alice.api.delete(f"/v1/media/{media['id']}")
        text = dora.get(page_of(media)).content.decode()
        assert media["sha256"] in text
        assert "no bytes to open" in text
        assert content_of(media) not in text

    def test_shows_hostile_words_as_words(self, charlie: Client, alice: Person) -> None:
        media = alice.sent(jpeg(), caption="<script>alert(1)</script>", message_id="<b>", file_name='"><img>.jpg')
        text = charlie.get(page_of(media)).content.decode() + charlie.get(LIST).content.decode()
        assert "<script>alert(1)" not in text
        assert "<img>" not in text
        assert "&lt;script&gt;" in text

    @pytest.mark.parametrize("action", ["change/", "delete/"])
    def test_cannot_be_used_to_write(self, dora: Client, alice: Person, action: str) -> None:
        media = alice.sent(jpeg())
        answer = dora.post(f"{LIST}{media['id']}/{action}", {"caption": "x", "post": "yes"})
        assert answer.status_code == 403
        assert Media.objects.get(pk=media["id"]).caption == ""

    def test_is_not_even_deleted_by_somebody_with_every_permission(self, alice: Person) -> None:
        root = Client()
        root.force_login(User.objects.create_superuser("root"))
        media = alice.sent(jpeg())
        blob = Blob.objects.get(app=alice.app)
        for address in (f"{LIST}{media['id']}/delete/", f"{BLOBS}{blob.pk}/delete/"):
            assert root.post(address, {"post": "yes"}).status_code == 403
        action = {"action": "delete_selected", "_selected_action": [media["id"]], "post": "yes"}
        root.post(LIST, action)
        assert "delete_selected" not in root.get(LIST).content.decode()
        assert Media.objects.filter(pk=media["id"], status="ready").exists()

    @pytest.mark.parametrize("address", [f"{LIST}add/", f"{BLOBS}add/"])
    def test_of_something_new_does_not_exist(self, dora: Client, address: str) -> None:
        assert dora.get(address).status_code == 403

    def test_is_for_staff(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        for address in (LIST, page_of(media), content_of(media)):
            assert alice.api.get(address)["Location"].startswith("/admin/login/")


@pytest.mark.once
class TestTheFile:
    def test_opens_for_staff_with_the_permission_always_as_an_attachment(self, dora: Client, alice: Person) -> None:
        media = alice.sent(jpeg(), file_name="slip.jpg")
        assert content_of(media) in dora.get(page_of(media)).content.decode()
        answer = dora.get(content_of(media))
        assert (answer.status_code, bytes_of(answer)) == (200, jpeg())
        assert answer["Content-Disposition"].startswith('attachment; filename="slip.jpg"')
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer["X-Content-Type-Options"] == "nosniff"

    def test_is_shut_to_staff_without_it(self, charlie: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        assert charlie.get(content_of(media)).status_code == 403
        assert content_of(media) not in charlie.get(page_of(media)).content.decode()

    def test_comes_in_ranges_too(self, dora: Client, alice: Person) -> None:
        answer = dora.get(content_of(alice.sent(jpeg())), headers={"Range": "bytes=0-9"})
        assert (answer.status_code, bytes_of(answer)) == (206, jpeg()[:10])

    def test_is_gone_once_it_expired_or_was_removed(self, dora: Client, alice: Person) -> None:
        expired, removed = alice.sent(jpeg()), alice.sent(png())
        Media.objects.filter(pk=expired["id"]).update(expires_at=timezone.now())
        alice.api.delete(f"/v1/media/{removed['id']}")
        assert dora.get(content_of(expired)).status_code == dora.get(content_of(removed)).status_code == 410

    def test_is_gone_with_its_device(self, dora: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        destruction.destroy(alice.device, now=timezone.now(), by="test")
        assert dora.get(content_of(media)).status_code == 404

    def test_of_a_plain_upload_is_gone_with_its_app(self, dora: Client, alice: Person) -> None:
        media = alice.uploaded(jpeg())
        destruction.destroy_app(alice.app, now=timezone.now(), by="test")
        assert dora.get(content_of(media)).status_code == 404

    def test_of_nothing_is_not_found(self, dora: Client, alice: Person) -> None:
        assert dora.get(content_of({"id": alice.app.pk})).status_code == 404


@pytest.mark.once
class TestRemoving:
    def _remove(self, client: Client, *media: dict[str, Any]) -> None:
        chosen = {"action": "remove", "_selected_action": [each["id"] for each in media]}
        client.post(LIST, {**chosen, "confirmed": "yes"})

    def test_makes_tombstones_by_the_verb(self, dora: Client, alice: Person) -> None:
        media = [alice.sent(jpeg()), alice.sent(png())]
        self._remove(dora, *media)
        assert list(Media.objects.values_list("status", "reason")) == [("purged", "staff")] * 2
        assert BlobRelease.objects.count() == 2
        assert alice.api.download(media[0]["media_path"]).json()["reason"] == "staff"

    def test_needs_the_permission(self, charlie: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        self._remove(charlie, media)
        assert Media.objects.get(pk=media["id"]).status == "ready"
        assert 'value="remove"' not in charlie.get(LIST).content.decode()


class TestBlobs:
    def test_are_listed_with_whose_they_are(self, charlie: Client, alice: Person) -> None:
        alice.sent(jpeg())
        blob = Blob.objects.get(app=alice.app)
        assert blob.storage_key in charlie.get(BLOBS).content.decode()
        assert blob.sha256 in charlie.get(f"{BLOBS}{blob.pk}/change/").content.decode()
