"""The demo tenant: made once, kept, and told in a file of the owner's alone."""

import datetime as dt
import io
import json
import os
import shlex
import stat
import subprocess
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from devices import keys
from devices.demo import DemoCredentials, ensure_demo
from devices.demo_walk import sample_picture, walk
from devices.models import ApiKey, App, Device, WebhookEndpoint
from safe_http import Policy, parse_origin
from tests.devices.conftest import client_with

URL = "http://127.0.0.1:8000"


@pytest.fixture
def var(settings: Settings, tmp_path: Path, db: None) -> Path:
    # Not there yet, and with a name that a shell would trip over.
    var = tmp_path / "var of alice"
    settings.VAR = var
    # The password is random: how slow its hash is proves nothing here.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return var


def demo(url: str = URL) -> DemoCredentials:
    return ensure_demo(now=timezone.now(), url=url)


def sourced(path: Path) -> dict[str, str]:
    """What a shell knows after it has read the file."""
    script = f"set -a; . {shlex.quote(str(path))}; env -0"
    answer = subprocess.run(
        ["/bin/sh", "-c", script], env={"PATH": os.environ["PATH"]}, capture_output=True, check=True
    )
    pairs = (line.partition("=") for line in answer.stdout.decode().split("\0"))
    return {name: value for name, _, value in pairs if name.startswith("MEDIAHUB_")}


class TestFirstTime:
    def test_every_credential_works(self, var: Path) -> None:
        made = demo()
        client = client_with(made.key)
        assert client.get("/v1/me").json()["app"]["id"] == made.app_id
        assert client.get("/v1/me").json()["scopes"] == ["media:read", "media:write", "devices", "webhooks", "keys"]
        assert client.get(f"/v1/devices/{made.device_id}").json()["name"] == "demo phone"
        assert client_with(made.gateway_key).get("/v1/me").json()["scopes"] == ["gateway"]

    def test_the_admin_login_works(self, var: Path) -> None:
        made = demo()
        admin = get_user_model().objects.get(username=made.admin_user)
        assert admin.check_password(made.admin_password)
        assert (admin.is_staff, admin.is_superuser) == (True, True)
        assert len(made.admin_password) >= 16

    def test_the_file_tells_a_shell_all_of_it(self, var: Path) -> None:
        made = demo()
        assert sourced(var / "demo.env") == {
            "MEDIAHUB_URL": URL,
            "MEDIAHUB_KEY": made.key,
            "MEDIAHUB_GATEWAY_KEY": made.gateway_key,
            "MEDIAHUB_APP_ID": made.app_id,
            "MEDIAHUB_DEVICE_ID": made.device_id,
            "MEDIAHUB_ADMIN_USER": "admin",
            "MEDIAHUB_ADMIN_PASSWORD": made.admin_password,
            "MEDIAHUB_WEBHOOK_SECRET": made.webhook_secret,
        }

    def test_the_file_is_the_owners_alone_and_nothing_lies_beside_it(self, var: Path) -> None:
        demo()
        assert stat.S_IMODE((var / "demo.env").stat().st_mode) == 0o600
        assert [path.name for path in var.iterdir()] == ["demo.env"]


class TestAgain:
    def test_keeps_everything_but_the_address(self, var: Path) -> None:
        first = demo()
        again = demo(url="http://127.0.0.1:8001")
        assert again == DemoCredentials(**{**vars(first), "url": "http://127.0.0.1:8001"})
        assert (App.objects.count(), Device.objects.count(), ApiKey.objects.count()) == (1, 1, 2)
        assert sourced(var / "demo.env")["MEDIAHUB_URL"] == "http://127.0.0.1:8001"

    def test_replaces_a_key_that_opens_nothing_any_more(self, var: Path) -> None:
        first = demo()
        keys.revoke(ApiKey.objects.get(digest=keys.digest(first.key)), now=timezone.now())
        again = demo()
        assert client_with(again.key).get("/v1/me").status_code == 200
        assert again.gateway_key == first.gateway_key

    def test_replaces_a_key_about_to_be_of_no_use(self, var: Path) -> None:
        first = demo()
        ApiKey.objects.filter(digest=keys.digest(first.key)).update(expires_at=timezone.now() - dt.timedelta(days=1))
        assert demo().key != first.key

    def test_replaces_a_destroyed_device(self, var: Path) -> None:
        first = demo()
        Device.objects.get(pk=first.device_id).delete()
        again = demo()
        assert again.device_id != first.device_id
        assert client_with(again.key).get(f"/v1/devices/{again.device_id}").status_code == 200

    def test_replaces_a_destroyed_app(self, var: Path) -> None:
        """Its row is there until its last object is collected."""
        first = demo()
        App.objects.get(pk=first.app_id).delete()
        again = demo()
        assert again.app_id != first.app_id
        assert client_with(again.key).get(f"/v1/devices/{again.device_id}").status_code == 200

    def test_finds_the_device_under_another_name(self, var: Path) -> None:
        first = demo()
        client_with(first.key).patch(f"/v1/devices/{first.device_id}", {"name": "my phone"})
        assert demo().device_id == first.device_id

    def test_without_its_file_keeps_the_data_and_issues_new_keys(self, var: Path) -> None:
        first = demo()
        (var / "demo.env").unlink()
        again = demo()
        assert (again.app_id, again.device_id) == (first.app_id, first.device_id)
        assert client_with(again.key).get("/v1/me").status_code == 200

    def test_with_a_file_from_another_database_begins_anew(self, var: Path) -> None:
        first = demo()
        text = (var / "demo.env").read_text().replace(first.app_id, first.device_id)
        (var / "demo.env").write_text(
            text.replace(first.key, keys.new_token()) + "MEDIAHUB_DEVICE_ID=x\ngarbage\nMEDIAHUB_OTHER='x\n"
        )
        again = demo()
        assert again.app_id == first.app_id
        assert client_with(again.key).get("/v1/me").status_code == 200


class TestAdminLogin:
    def test_never_changes_a_login_that_is_not_the_demos(self, var: Path) -> None:
        admin = get_user_model().objects.create_superuser(username="admin", password="chosen by alice")
        made = demo()
        admin.refresh_from_db()
        assert admin.check_password("chosen by alice")
        assert made.admin_password == ""
        assert "changepassword admin" in walk(made)

    def test_forgets_a_password_that_was_changed(self, var: Path) -> None:
        demo()
        admin = get_user_model().objects.get(username="admin")
        admin.set_password("chosen by alice")
        admin.save()
        assert demo().admin_password == ""


class TestCreateDemo:
    def test_writes_lines_that_a_shell_understands(self, var: Path) -> None:
        out = io.StringIO()
        call_command("create_demo", stdout=out, stderr=io.StringIO())
        subprocess.run(["/bin/sh", "-n"], input=out.getvalue().encode(), check=True)
        assert out.getvalue().count("curl ") == 6

    def test_writes_flat_json(self, var: Path) -> None:
        out = io.StringIO()
        call_command("create_demo", "--json", "--url", f"{URL}/", stdout=out, stderr=io.StringIO())
        assert json.loads(out.getvalue()) == sourced(var / "demo.env")

    def test_the_base64_line_sends_the_picture(self, var: Path) -> None:
        """The body of the first call, as curl would get it."""
        lines = walk(demo())
        body = lines[lines.index("  -d ") + 5 : lines.index('  "$MEDIAHUB_URL/v1/devices')].rstrip().rstrip("\\")
        shown = subprocess.run(["/bin/sh", "-c", f"printf %s {body}"], capture_output=True, check=True).stdout
        sent = json.loads(shown)
        assert sent["type"] == "image"
        assert sent["data_base64"].startswith("/9j/")


class TestSamplePicture:
    def test_is_a_small_jpeg(self) -> None:
        with Image.open(sample_picture()) as picture:
            assert (picture.format, picture.size) == ("JPEG", (720, 480))
        assert sample_picture().stat().st_size < 20_000


class TestTheListener:
    LISTENER = "http://127.0.0.1:9000/"

    @pytest.fixture(autouse=True)
    def _allowed(self, settings: Settings) -> None:
        origins = [parse_origin(f"http://127.0.0.1:{port}") for port in (9000, 9001)]
        settings.WEBHOOK_POLICY = Policy(allow=frozenset(origins))

    def led(self, listener: str) -> DemoCredentials:
        return ensure_demo(now=timezone.now(), url=URL, listener=listener)

    def test_is_told_of_everything_by_an_endpoint_of_the_demo(self, var: Path) -> None:
        made = self.led(self.LISTENER)
        [hook] = client_with(made.key).get("/v1/webhooks").json()["results"]
        assert (hook["url"], hook["enabled"]) == (self.LISTENER, True)
        assert {"message", "receipt", "device_destroyed"} <= set(hook["events"])
        assert made.webhook_secret.startswith("whsec_")

    def test_keeps_its_secret_where_it_moves(self, var: Path) -> None:
        secret = self.led(self.LISTENER).webhook_secret
        made = self.led("http://127.0.0.1:9001/")
        [hook] = client_with(made.key).get("/v1/webhooks").json()["results"]
        assert (made.webhook_secret, hook["url"]) == (secret, "http://127.0.0.1:9001/")

    def test_is_told_again_where_its_endpoint_was_disabled_or_deleted(self, var: Path) -> None:
        made = self.led(self.LISTENER)
        client = client_with(made.key)
        [hook] = client.get("/v1/webhooks").json()["results"]
        client.patch(f"/v1/webhooks/{hook['id']}", {"enabled": False}, content_type="application/json")
        self.led(self.LISTENER)
        assert client.get(f"/v1/webhooks/{hook['id']}").json()["enabled"] is True
        client.delete(f"/v1/webhooks/{hook['id']}")
        assert self.led(self.LISTENER).webhook_secret != made.webhook_secret

    def test_is_told_once_where_the_secret_was_changed(self, var: Path) -> None:
        client = client_with(self.led(self.LISTENER).key)
        [hook] = client.get("/v1/webhooks").json()["results"]
        client.post(f"/v1/webhooks/{hook['id']}/rotate", {}, content_type="application/json")
        secret = self.led(self.LISTENER).webhook_secret
        assert len(client.get("/v1/webhooks").json()["results"]) == 1
        assert secret == WebhookEndpoint.objects.get().secret
