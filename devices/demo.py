"""A demo tenant, so that a newcomer can call the API at once; its credentials lie in a file of the owner's alone."""

import datetime as dt
import os
import secrets
import shlex
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model

from devices import ids, keys, registry, webhooks
from devices.models import ApiKey, App, Device, WebhookEndpoint
from devices.scopes import CLIENT_SCOPES, Scope

APP_NAME = "Demo"
DEVICE_NAME = "demo phone"
ADMIN_USER = "admin"
PASSWORD_BYTES = 12
BY = "demo"


@dataclass(frozen=True, kw_only=True)
class DemoCredentials:
    """What the demo file says.

    `admin_password` is empty where the login `admin` is not the demo's, `webhook_secret` where nobody listens to the
    demo's events.
    """

    url: str
    key: str
    gateway_key: str
    app_id: str
    device_id: str
    admin_user: str
    admin_password: str
    webhook_secret: str


# MEDIAHUB_URL, MEDIAHUB_KEY, MEDIAHUB_GATEWAY_KEY, …
NAMES = {field.name: f"MEDIAHUB_{field.name.upper()}" for field in fields(DemoCredentials)}


def demo_file() -> Path:
    """Where the credentials lie: a file that a shell can source."""
    return Path(settings.VAR) / "demo.env"


def ensure_demo(*, now: dt.datetime, url: str, listener: str = "") -> DemoCredentials:
    """Make what is missing of the demo and keep what is there; the file is written anew.

    `listener` is the URL of a receiver that is to be told of all that happens to the demo's media.

    Tokens and the password are kept nowhere but in the file: where they no longer fit, new keys are issued, and
    the login is left alone, as somebody may rely on it.
    """
    kept = read_file(demo_file())
    app = _app(kept) or registry.create_app(name=APP_NAME, now=now)
    device = _device(kept, app=app) or registry.create_device(app=app, name=DEVICE_NAME, now=now)
    credentials = DemoCredentials(
        url=url,
        key=_token(kept.get("key", ""), app=app, name="demo client", scopes=CLIENT_SCOPES, now=now),
        gateway_key=_token(kept.get("gateway_key", ""), app=app, name="demo gateway", scopes=[Scope.GATEWAY], now=now),
        app_id=str(app.pk),
        device_id=str(device.pk),
        admin_user=ADMIN_USER,
        admin_password=_admin_password(kept.get("admin_password", "")),
        webhook_secret=_webhook_secret(kept.get("webhook_secret", ""), app=app, listener=listener, now=now),
    )
    write_file(demo_file(), credentials)
    return credentials


def read_file(path: Path) -> dict[str, str]:
    """What the file says, by field; nothing where there is no file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    said = dict(_pair(line) for line in lines if "=" in line)
    return {field: said[name] for field, name in NAMES.items() if name in said}


def write_file(path: Path, credentials: DemoCredentials) -> None:
    """Replace the file at once, so that no reader meets half of it; nobody else may ever read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes the file with mode 600.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".demo-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(f"{name}={shlex.quote(getattr(credentials, field))}\n" for field, name in NAMES.items())
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    # None of the values holds a quote of its own.
    return name.strip(), value.strip().strip("'")


def _app(kept: dict[str, str]) -> App | None:
    living = App.objects.living()
    app_id = ids.parsed(kept.get("app_id", ""))
    kept_one = living.filter(pk=app_id).first() if app_id else None
    return kept_one or living.filter(name=APP_NAME).order_by("pk").first()


def _device(kept: dict[str, str], *, app: App) -> Device | None:
    devices = Device.objects.for_app(app)
    device_id = ids.parsed(kept.get("device_id", ""))
    return (devices.filter(pk=device_id).first() if device_id else None) or devices.filter(name=DEVICE_NAME).first()


def _token(kept: str, *, app: App, name: str, scopes: Iterable[str], now: dt.datetime) -> str:
    wanted = list(scopes)
    key = ApiKey.objects.for_app(app).live(now=now).filter(digest=keys.digest(kept)).first()
    if key is not None and set(wanted) <= set(key.scopes):
        return kept
    return keys.issue_key(app=app, name=name, scopes=wanted, expires_at=None, now=now)[1]


def _webhook_secret(kept: str, *, app: App, listener: str, now: dt.datetime) -> str:
    """That of the demo's endpoint, which is led to where the listener is now."""
    endpoints = WebhookEndpoint.objects.for_app(app)
    # One whose secret was changed since is known by its URL.
    endpoint = endpoints.filter(secret=kept).first() or endpoints.filter(url=listener).first()
    if not listener:
        return endpoint.secret if endpoint else ""
    if endpoint is None:
        return webhooks.create(app=app, url=listener, events=webhooks.CHOOSABLE, now=now)[1]
    webhooks.change(endpoint, url=listener, now=now)
    webhooks.enable(endpoint, now=now, by=BY)
    return endpoint.secret


def _admin_password(kept: str) -> str:
    users = get_user_model()._default_manager
    admin = users.filter(username=ADMIN_USER).first()
    if admin is None:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        users.create_superuser(username=ADMIN_USER, password=password)
        return password
    return kept if kept and admin.check_password(kept) else ""
