"""The first day: what somebody does with a new key, from the first picture to the end of the device."""

from django.utils import timezone

from media_store import destruction
from media_store.models import Blob, BlobRelease, Media
from tests.media_files import jpeg, pdf
from tests.people import Api, Person, bytes_of, refusal


class TestDayOne:
    def test_from_the_first_picture_to_the_end_of_the_device(self, alice: Person) -> None:
        api = alice.api
        me = api.get("/v1/me").json()
        assert me["app"]["id"] == str(alice.app.pk)
        device = api.post_json("/v1/devices", {"name": "shop phone"}).json()

        # A picture goes out, is found in the list, and comes back byte for byte as what it is.
        sent = api.send(device["id"], jpeg(), caption="Payment slip", file_name="slip.jpg").json()["media"]
        assert api.get("/v1/media").json()["results"] == [sent]
        download = api.download(sent["media_path"])
        assert (download["Content-Type"], bytes_of(download)) == ("image/jpeg", jpeg())

        # A file is uploaded once and sent twice.
        upload = api.upload(pdf(), content_type="application/pdf", X_File_Name="invoice.pdf").json()
        copies = [
            api.send(device["id"], type="document", media_id=upload["id"]).json()["media"],
            api.send(device["id"], type="document", media_path=upload["media_path"]).json()["media"],
        ]
        assert [copy["file_name"] for copy in copies] == ["invoice.pdf"] * 2
        assert Blob.objects.count() == 2

        # The picture is deleted; what is left says so.
        assert api.delete(f"/v1/media/{sent['id']}").status_code == 204
        assert refusal(api.download(sent["media_path"])) == (410, "media_gone")
        assert api.get("/v1/media?status=purged").json()["results"][0]["id"] == sent["id"]

        # The device goes, and its media with it; the upload stays.
        assert api.delete(f"/v1/devices/{device['id']}").status_code == 204
        for media in (sent, *copies):
            assert refusal(api.download(media["media_path"])) == (404, "not_found")
        assert destruction.finish_destroyed(now=timezone.now()) == 3
        assert [media["id"] for media in api.get("/v1/media").json()["results"]] == [upload["id"]]
        assert bytes_of(api.download(upload["media_path"])) == pdf()
        assert Media.objects.count() == 1
        assert BlobRelease.objects.count() == 3

    def test_a_first_call_without_a_key_says_what_to_do(self, alice: Person) -> None:
        answer = Api(None).get("/v1/me")
        assert refusal(answer) == (401, "unauthenticated")
        assert "Authorization: Bearer mhk_" in answer.json()["detail"]
