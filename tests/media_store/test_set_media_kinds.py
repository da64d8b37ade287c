"""What one app may send, changed by an operator."""

import json

import pytest
from django.core.management import CommandError, call_command

from tests.media_files import jpeg
from tests.people import Person

pytestmark = pytest.mark.django_db


class TestSetMediaKinds:
    def test_changes_what_this_app_may_send_and_no_other(self, alice: Person, bob: Person) -> None:
        call_command("set_media_kinds", app=str(alice.app.pk), kinds='{"image": {"max_bytes": 100}}')
        refused = alice.api.send(alice.device, jpeg())
        assert (refused.status_code, refused.json()["limit_bytes"]) == (413, 100)
        assert bob.api.send(bob.device, jpeg()).status_code == 201

    def test_is_taken_back(self, alice: Person) -> None:
        call_command("set_media_kinds", app=str(alice.app.pk), kinds='{"image": {"max_bytes": 100}}')
        call_command("set_media_kinds", app=str(alice.app.pk), clear=True)
        assert alice.api.send(alice.device, jpeg()).status_code == 201

    def test_shows_what_is_in_force(self, alice: Person, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("set_media_kinds", app=str(alice.app.pk), json=True)
        shown = json.loads(capsys.readouterr().out)
        assert shown["kinds"]["image"]["max_bytes"] == 5 * 1024 * 1024
        assert alice.api.get("/v1/limits").json()["kinds"] == shown["kinds"]

    @pytest.mark.parametrize("kinds", ["{", '{"film": {}}', '{"image": {"max_bytes": 0}}', "[]"])
    def test_refuses_what_makes_no_sense_and_keeps_what_was(self, alice: Person, kinds: str) -> None:
        with pytest.raises(CommandError):
            call_command("set_media_kinds", app=str(alice.app.pk), kinds=kinds)
        alice.app.refresh_from_db()
        assert alice.app.media_kinds is None

    @pytest.mark.parametrize("kinds", ["null", "[]", "0", '""', "false"])
    def test_refuses_what_is_no_object_and_keeps_the_override_that_there_is(self, alice: Person, kinds: str) -> None:
        override = {"image": {"max_bytes": 100}}
        call_command("set_media_kinds", app=str(alice.app.pk), kinds=json.dumps(override))
        with pytest.raises(CommandError, match="The kinds must be a JSON object, not") as refused:
            call_command("set_media_kinds", app=str(alice.app.pk), kinds=kinds)
        alice.app.refresh_from_db()
        assert (refused.value.returncode, alice.app.media_kinds) == (1, override)

    def test_refuses_what_is_nested_too_deep(self, alice: Person) -> None:
        with pytest.raises(CommandError, match="--kinds is not valid JSON: nested too deep"):
            call_command("set_media_kinds", app=str(alice.app.pk), kinds="[" * 100_000)
