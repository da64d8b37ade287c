"""GET /v1/limits: what may be sent, before it is sent."""

from pytest_django import Settings

from tests.media_files import gif
from tests.people import Person, refusal

MIB = 1024 * 1024


class TestLimits:
    def test_are_those_of_the_network(self, alice: Person) -> None:
        limits = alice.api.get("/v1/limits").json()
        assert limits["max_bytes"] == 100 * MIB
        assert {name: kind["max_bytes"] for name, kind in limits["kinds"].items()} == {
            "image": 5 * MIB,
            "video": 16 * MIB,
            "audio": 16 * MIB,
            "document": 100 * MIB,
            "sticker": 100 * 1024,
        }
        assert limits["kinds"]["image"]["types"] == ["image/jpeg", "image/png"]
        assert limits["kinds"]["document"]["types"] is None
        assert limits["kinds"]["sticker"]["animated_max_bytes"] == 500 * 1024

    def test_follow_the_installation(self, alice: Person, settings: Settings) -> None:
        settings.MEDIA_MAX_BYTES = MIB
        settings.MEDIA_KINDS = {"audio": {"max_bytes": 1000}}
        limits = alice.api.get("/v1/limits").json()
        assert limits["max_bytes"] == limits["kinds"]["document"]["max_bytes"] == MIB
        assert limits["kinds"]["audio"]["max_bytes"] == 1000

    def test_follow_the_app_on_top_of_the_installation(self, alice: Person, bob: Person, settings: Settings) -> None:
        settings.MEDIA_KINDS = {"image": {"max_bytes": 1000}}
        alice.app.media_kinds = {"image": {"types": ["image/gif"]}}
        alice.app.save()
        own = {"types": ["image/gif"], "max_bytes": 1000, "animated_max_bytes": None}
        assert alice.api.get("/v1/limits").json()["kinds"]["image"] == own
        assert bob.api.get("/v1/limits").json()["kinds"]["image"]["types"] == ["image/jpeg", "image/png"]

    def test_are_those_that_sending_obeys(self, alice: Person) -> None:
        alice.app.media_kinds = {"image": {"types": ["image/gif"], "max_bytes": len(gif())}}
        alice.app.save()
        assert alice.api.send(alice.device, gif()).status_code == 201
        assert refusal(alice.api.send(alice.device, gif() + b"\0")) == (413, "too_large")

    def test_can_only_be_read(self, alice: Person) -> None:
        assert refusal(alice.api.post_json("/v1/limits", {})) == (405, "method_not_allowed")
