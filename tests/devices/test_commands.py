"""What operators do with tenants: through manage.py, with its exit codes."""

import datetime as dt
import io
import json
import uuid
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from devices import keys
from devices.models import ApiKey, App, Device
from tests.devices.conftest import MOMENT, Tenant, client_with

DAY = dt.timedelta(days=1)


def run(*arguments: str) -> str:
    """What the command wrote to stdout."""
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


def run_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


class TestHelp:
    @pytest.mark.parametrize(
        "command", ["create_app", "create_device", "issue_api_key", "revoke_api_key", "list_api_keys", "create_demo"]
    )
    def test_teaches_by_examples_and_tells_the_exit_codes(
        self, command: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as ended:
            call_command(command, "--help")
        shown = capsys.readouterr().out
        assert ended.value.code == 0
        assert f"examples:\n  manage.py {command}" in shown
        assert "exit codes: 0 done" in shown


class TestCreateApp:
    def test_writes_the_id_alone(self, db: None) -> None:
        assert run("create_app", "Web shop") == str(App.objects.get(name="Web shop").pk)

    def test_writes_flat_json(self, db: None) -> None:
        assert run_json("create_app", "Web shop") == {"app_id": str(App.objects.get().pk), "name": "Web shop"}

    def test_refuses_what_is_no_name(self, db: None) -> None:
        with pytest.raises(CommandError, match="at least one visible character"):
            run("create_app", " ")


class TestCreateDevice:
    def test_takes_the_app_by_name_or_id(self, alice: Tenant) -> None:
        by_name = run("create_device", "--app", "alice", "--name", "one")
        by_id = run_json("create_device", "--app", str(alice.app.pk), "--name", "two")
        assert Device.objects.get(name="one").pk == uuid.UUID(by_name)
        assert by_id == {
            "device_id": str(Device.objects.get(name="two").pk),
            "app_id": str(alice.app.pk),
            "name": "two",
        }

    def test_refuses_a_name_that_several_apps_have(self, alice: Tenant) -> None:
        App.objects.create(name="alice")
        with pytest.raises(CommandError, match="Several apps"):
            run("create_device", "--app", "alice", "--name", "phone")

    @pytest.mark.parametrize("app", ["nobody", "5e0f7b2c-0000-7000-8000-000000000000", ""])
    def test_refuses_an_unknown_app(self, alice: Tenant, app: str) -> None:
        with pytest.raises(CommandError, match="There is no app"):
            run("create_device", "--app", app, "--name", "phone")

    def test_refuses_a_name_that_is_taken(self, alice: Tenant) -> None:
        alice.device("phone")
        with pytest.raises(CommandError, match="already has a device"):
            run("create_device", "--app", "alice", "--name", "phone")


class TestIssueApiKey:
    def test_writes_a_token_that_opens(self, alice: Tenant) -> None:
        token = run("issue_api_key", "--app", "alice", "--scope", "media:read", "--expires", "90d")
        assert client_with(token).get("/v1/me").json()["scopes"] == ["media:read"]

    def test_writes_flat_json(self, alice: Tenant, clock: time_machine.Traveller) -> None:
        issued = run_json("issue_api_key", "--app", "alice", "--scope", "gateway", "--expires", "90d", "--name", "farm")
        key = ApiKey.objects.get(name="farm")
        assert key.digest == keys.digest(issued.pop("key"))
        assert issued == {
            "key_id": str(key.pk),
            "app_id": str(alice.app.pk),
            "name": "farm",
            "scopes": ["gateway"],
            "expires_at": "2026-05-31T09:30:00Z",
        }

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--scope", "keys", "--scope", "devices"),
            ("--scope", "keys", "devices"),
            ("--scope", "devices,keys"),
            ("--scope", "keys", "--scope", "devices", "--scope", "keys"),
        ],
    )
    def test_takes_several_scopes(self, alice: Tenant, arguments: tuple[str, ...]) -> None:
        assert run_json("issue_api_key", "--app", "alice", *arguments)["scopes"] == ["devices", "keys"]

    @pytest.mark.parametrize(
        ("expires", "moment"),
        [
            ("12h", MOMENT + DAY / 2),
            ("90d", MOMENT + 90 * DAY),
            ("8w", MOMENT + 56 * DAY),
            ("2027-01-01", dt.datetime(2027, 1, 1, tzinfo=dt.UTC)),
            ("2027-01-01T12:00:00+02:00", dt.datetime(2027, 1, 1, 10, tzinfo=dt.UTC)),
            ("never", None),
        ],
    )
    def test_understands_when_it_expires(
        self, alice: Tenant, clock: time_machine.Traveller, expires: str, moment: dt.datetime | None
    ) -> None:
        issued = run_json("issue_api_key", "--app", "alice", "--scope", "keys", "--expires", expires)
        assert ApiKey.objects.get(pk=issued["key_id"]).expires_at == moment

    @pytest.mark.parametrize(
        ("option", "value", "complaint"),
        [
            ("--scope", "root", "there is no scope 'root'"),
            ("--scope", "", "there is no scope ''"),
            ("--expires", "soon", "none of 12h, 90d"),
            ("--expires", "9999-12-31T23:59:59-12:00", "none of 12h, 90d"),
            ("--expires", "2020-01-01", "expired already"),
            ("--expires", "0d", "expired already"),
        ],
    )
    def test_refuses_what_cannot_be_meant(self, alice: Tenant, option: str, value: str, complaint: str) -> None:
        with pytest.raises(CommandError, match=complaint):
            run("issue_api_key", "--app", "alice", "--scope", "keys", option, value)
        assert ApiKey.objects.count() == 1


class TestRevokeApiKey:
    @pytest.mark.parametrize("handle", ["id", "prefix", "token"])
    def test_shuts_the_key(self, alice: Tenant, handle: str) -> None:
        key, token = alice.issue()
        name = {"id": str(key.pk), "prefix": key.prefix, "token": token}[handle]
        assert run("revoke_api_key", name) == str(key.pk)
        assert client_with(token).get("/v1/me").status_code == 401
        assert alice.client.get("/v1/me").status_code == 200

    def test_twice_succeeds_and_keeps_the_moment(self, alice: Tenant, clock: time_machine.Traveller) -> None:
        first = run_json("revoke_api_key", str(alice.key.pk))
        clock.shift(DAY)
        assert run_json("revoke_api_key", str(alice.key.pk)) == first
        assert first["revoked_at"] == "2026-03-02T09:30:00Z"

    @pytest.mark.parametrize("name", ["mhk_00000000", "5e0f7b2c-0000-7000-8000-000000000000", ""])
    def test_refuses_what_names_no_key(self, alice: Tenant, name: str) -> None:
        with pytest.raises(CommandError, match="no such key"):
            run("revoke_api_key", name)
        assert alice.client.get("/v1/me").status_code == 200

    def test_refuses_to_choose_between_keys_that_begin_alike(self, alice: Tenant) -> None:
        alice.issue()
        ApiKey.objects.update(prefix="mhk_same0000")
        with pytest.raises(CommandError, match="Several keys"):
            run("revoke_api_key", "mhk_same0000")


class TestListApiKeys:
    def test_lists_the_live_keys_of_the_app(self, alice: Tenant, bob: Tenant) -> None:
        revoked, _ = alice.issue()
        keys.revoke(revoked, now=timezone.now())
        listed = run_json("list_api_keys", "--app", "alice")
        assert [(key["key_id"], key["state"]) for key in listed] == [(str(alice.key.pk), "live")]

    def test_lists_dead_ones_when_asked(self, alice: Tenant) -> None:
        revoked, _ = alice.issue()
        keys.revoke(revoked, now=timezone.now())
        expired, _ = alice.issue()
        ApiKey.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
        listed = run_json("list_api_keys", "--app", "alice", "--all")
        assert [key["state"] for key in listed] == ["live", "revoked", "expired"]

    def test_writes_a_line_for_each_to_people(self, alice: Tenant) -> None:
        line = run("list_api_keys", "--app", "alice")
        assert line.startswith(f"live     {alice.key.pk} {alice.key.prefix} never used")
        assert line.endswith("alice's key")

    def test_writes_out_what_a_terminal_would_act_on(self, alice: Tenant) -> None:
        """In a name of before such names were refused."""
        name = "till\x1b[2J\x7f\x9b\u202e\u2028\nrevoked "
        ApiKey.objects.update(name=name)
        assert run("list_api_keys", "--app", "alice").endswith(
            "till\\u001b[2J\\u007f\\u009b\\u202e\\u2028\\u000arevoked"
        )
        as_json = run("list_api_keys", "--app", "alice", "--json")
        assert as_json.isprintable()
        assert json.loads(as_json)[0]["name"] == name
        talk = io.StringIO()
        call_command("revoke_api_key", str(alice.key.pk), stdout=io.StringIO(), stderr=talk)
        assert talk.getvalue().strip().isprintable()

    def test_tells_neither_tokens_nor_digests(self, alice: Tenant) -> None:
        text = run("list_api_keys", "--app", "alice", "--all") + run("list_api_keys", "--app", "alice", "--json")
        assert alice.token not in text
        assert alice.key.digest not in text
