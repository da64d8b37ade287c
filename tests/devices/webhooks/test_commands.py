"""What operators do with webhooks: through manage.py."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from devices.models import AuditEvent, WebhookDelivery, WebhookEndpoint
from tests.devices.conftest import Tenant
from tests.devices.webhooks.conftest import announce, subscribed

URL = "https://hooks.example.com/a"
COMMANDS = (
    "create_webhook",
    "list_webhooks",
    "change_webhook",
    "rotate_webhook_secret",
    "delete_webhook",
    "replay_webhooks",
)


def run(*arguments: str) -> str:
    """What the command wrote to stdout."""
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


def run_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


class TestHelp:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_teaches_by_examples(self, command: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            call_command(command, "--help")
        assert f"examples:\n  manage.py {command}" in capsys.readouterr().out


class TestCreateWebhook:
    def test_writes_the_id_and_the_secret(self, alice: Tenant) -> None:
        webhook_id, secret = run("create_webhook", "--app", "alice", "--url", URL, "--event", "message").split()
        endpoint = WebhookEndpoint.objects.get(pk=webhook_id)
        assert (endpoint.app, endpoint.url, endpoint.secret) == (alice.app, URL, secret)

    def test_takes_several_events(self, alice: Tenant) -> None:
        made = run_json(
            "create_webhook", "--app", "alice", "--url", URL, "--event", "receipt,message", "--event", "media.failed"
        )
        assert made["events"] == ["message", "media.failed", "receipt"]
        assert made["secret"].startswith("whsec_")

    def test_refuses_what_the_api_refuses(self, alice: Tenant) -> None:
        with pytest.raises(CommandError, match=r"https://"):
            run("create_webhook", "--app", "alice", "--url", "http://hooks.example.com", "--event", "message")
        with pytest.raises(CommandError, match="there is no event 'test'"):
            run("create_webhook", "--app", "alice", "--url", URL, "--event", "test")


class TestListWebhooks:
    def test_tells_state_and_numbers_and_no_secret(self, alice: Tenant, bob: Tenant) -> None:
        endpoint, secret = subscribed(alice, URL)
        subscribed(bob, URL)
        first, *_ = announce(alice, 3)
        WebhookDelivery.objects.filter(pk=first.pk).update(state="dead", next_attempt_at=None)
        (row,) = run_json("list_webhooks", "--app", "alice")
        assert (row["webhook_id"], row["state"], row["pending"], row["dead"]) == (str(endpoint.pk), "enabled", 2, 1)
        shown = run("list_webhooks", "--app", "alice")
        assert URL in shown
        assert secret not in shown + json.dumps(row)

    def test_writes_out_what_a_terminal_would_act_on(self, alice: Tenant) -> None:
        """In a URL of before such URLs were refused."""
        endpoint, _ = subscribed(alice, URL)
        WebhookEndpoint.objects.update(url=f"{URL}\x1b[2J\u202e\n")
        assert f"{URL}\\u001b[2J\\u202e\\u000a" in run("list_webhooks", "--app", "alice")
        talk = io.StringIO()
        call_command("change_webhook", str(endpoint.pk), "--disable", stdout=io.StringIO(), stderr=talk)
        assert talk.getvalue().strip().isprintable()


class TestChangeWebhook:
    def test_changes_and_switches(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        changed = run_json("change_webhook", str(endpoint.pk), "--event", "receipt", "--disable")
        assert (changed["events"], changed["state"]) == (["receipt"], "disabled (client)")
        assert AuditEvent.objects.get().by.startswith("operator ")
        assert run_json("change_webhook", str(endpoint.pk), "--enable")["state"] == "enabled"

    def test_wants_to_be_told_what(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        with pytest.raises(CommandError, match="Say what to change"):
            run("change_webhook", str(endpoint.pk))
        for unknown in ("x", "5e0f7b2c-0000-7000-8000-000000000000"):
            with pytest.raises(CommandError, match="There is no webhook"):
                run("change_webhook", unknown, "--enable")


class TestRotateWebhookSecret:
    def test_writes_the_new_one(self, alice: Tenant) -> None:
        endpoint, old = subscribed(alice, URL)
        secret = run("rotate_webhook_secret", str(endpoint.pk))
        endpoint.refresh_from_db()
        assert endpoint.secrets(now=timezone.now()) == [secret, old]

    @pytest.mark.parametrize(("seconds", "said"), [("0", "signs no more."), ("60", "signs too until 2")])
    def test_says_how_long_the_old_one_signs(self, alice: Tenant, seconds: str, said: str) -> None:
        endpoint, _ = subscribed(alice, URL)
        talk = io.StringIO()
        command = ("rotate_webhook_secret", str(endpoint.pk), "--overlap-seconds", seconds)
        call_command(*command, stdout=io.StringIO(), stderr=talk)
        assert f"The secret before it {said}" in talk.getvalue()

    def test_refuses_an_overlap_that_is_none(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        with pytest.raises(CommandError):
            run("rotate_webhook_secret", str(endpoint.pk), "--overlap-seconds", "-1")
        for seconds in ("700000", "x", "9" * 5_000):
            with pytest.raises(CommandError, match="is no number from 0 to 604800") as refused:
                run("rotate_webhook_secret", str(endpoint.pk), "--overlap-seconds", seconds)
            assert len(str(refused.value)) < 6_000


class TestDeleteWebhook:
    def test_ends_it(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        run("delete_webhook", str(endpoint.pk))
        assert run_json("list_webhooks", "--app", "alice") == []


class TestReplayWebhooks:
    def test_takes_dead_letters_since_a_date(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        announce(alice, 3)
        WebhookDelivery.objects.update(state="dead", next_attempt_at=None)
        assert run("replay_webhooks", str(endpoint.pk), "--since", "2999-01-01") == "0"
        assert run("replay_webhooks", str(endpoint.pk), "--since", "2020-01-01T06:00Z") == "3"
        assert WebhookDelivery.objects.pending().count() == 3

    def test_takes_delivered_ones_where_it_is_asked_to(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        announce(alice)
        WebhookDelivery.objects.update(state="delivered", next_attempt_at=None)
        assert run("replay_webhooks", str(endpoint.pk), "--since", "2020-01-01") == "0"
        assert run("replay_webhooks", str(endpoint.pk), "--since", "2020-01-01", "--delivered-too") == "1"

    def test_takes_one(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        (delivery,) = announce(alice)
        WebhookDelivery.objects.update(state="dead", next_attempt_at=None)
        assert run("replay_webhooks", str(endpoint.pk), "--delivery", str(delivery.pk)) == "1"
        with pytest.raises(CommandError, match="has no delivery"):
            run("replay_webhooks", str(endpoint.pk), "--delivery", str(endpoint.pk))

    @pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "", "2026-02-30", "0001-01-01T00:00+14:00"])
    def test_refuses_what_is_no_moment(self, alice: Tenant, since: str) -> None:
        endpoint, _ = subscribed(alice, URL)
        with pytest.raises(CommandError, match="give a date"):
            run("replay_webhooks", str(endpoint.pk), "--since", since)
