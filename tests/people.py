"""The cast of the stories told through the API, and the thin client that each of them holds.

Alice and bob have an app, a device and a key with every scope each. Charlie is staff and sees the admin's
pages, but may not open a file. A stranger has no key at all.
"""

import base64
import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from devices import keys, registry
from devices.models import ApiKey, App, Device
from devices.scopes import Scope
from media_store.models import Blob
from media_store.storage import objects
from media_store.storage.s3 import S3Store

BOUNDARY = "a-boundary-that-no-file-holds"

# A test client's answer has `json()` and the like, which no type of Django's names; `body` is ours, see below.
Answer = Any


class Api:
    """Calls with one key. What the service does not expect becomes a 500, as it would in service."""

    def __init__(self, token: str | None) -> None:
        key = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.client = Client(raise_request_exception=False, headers=key)

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Answer:
        return _read(self.client.get(path, query, headers=_named(headers)))

    def head(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Answer:
        return _read(self.client.head(path, query, headers=_named(headers)))

    def delete(self, path: str) -> Answer:
        return self.client.delete(path)

    def post(self, path: str, body: bytes, *, content_type: str, **headers: str) -> Answer:
        # Django's client leaves out the type of an empty body.
        meta: dict[str, Any] = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body))}
        return _read(self.client.generic("POST", path, body, headers=_named(headers), **meta))

    def post_json(self, path: str, document: object) -> Answer:
        return self.post(path, json.dumps(document).encode(), content_type="application/json")

    def post_parts(self, path: str, *parts: bytes) -> Answer:
        return self.post(path, multipart(*parts), content_type=f"multipart/form-data; boundary={BOUNDARY}")

    def send(self, device: Device | str, content: bytes | None = None, **fields: Any) -> Answer:
        """Send a message: an image to somebody, where the fields do not say otherwise."""
        source = {} if content is None else {"data_base64": base64.b64encode(content).decode()}
        document = {"to": "6281234567890", "type": "image", **source, **fields}
        return self.post_json(messages_of(device), document)

    def send_file(self, device: Device | str, content: bytes, *, file_name: str = "a.jpg", **fields: str) -> Answer:
        """The same as a multipart file."""
        words = {"to": "6281234567890", "type": "image", **fields}
        parts = [text_part(name, value) for name, value in words.items()]
        return self.post_parts(messages_of(device), *parts, file_part(content, file_name=file_name))

    def upload(self, content: bytes, *, content_type: str = "application/octet-stream", **headers: str) -> Answer:
        """Upload the raw bytes, without a message."""
        return self.post("/v1/media", content, content_type=content_type, **headers)

    def hand_in(self, device: Device | str, content: bytes | None = None, **fields: Any) -> Answer:
        """As a gateway: a message with a file, `from` written `from_`; the fields come first unless told otherwise."""
        words = {"message_id": "in-1", **{name.rstrip("_"): str(value) for name, value in fields.items()}}
        parts = [text_part(name, value) for name, value in words.items()]
        files = [] if content is None else [file_part(content)]
        return self.post_parts(f"{device_url(device)}/inbound", *parts, *files)

    def hand_in_raw(
        self, device: Device | str, content: bytes, *, content_type: str = "image/jpeg", **fields: str
    ) -> Answer:
        """The same as raw bytes, the fields in headers: `X_Message_Id=…`."""
        headers = {"X_Message_Id": "in-1", **fields}
        return self.post(f"{device_url(device)}/inbound", content, content_type=content_type, **headers)

    def omit(self, device: Device | str, reason: str = "not_downloaded", **fields: Any) -> Answer:
        """The same without the bytes."""
        return self.post_json(f"{device_url(device)}/inbound", {"message_id": "in-1", "omitted": reason, **fields})

    def claim(self, **fields: Any) -> list[dict[str, Any]]:
        """The messages that this gateway is given."""
        answer = self.post_json("/v1/outbox/claim", fields)
        assert answer.status_code == 200, answer.content
        return list(answer.json()["messages"])

    def report(self, device: Device | str, *receipts: dict[str, Any]) -> list[str]:
        """Hand in receipts; what became of each."""
        at = timezone.now().isoformat()
        answer = self.post_json(f"{device_url(device)}/receipts", [{"at": at, **receipt} for receipt in receipts])
        assert answer.status_code == 200, answer.content
        return [result["outcome"] for result in answer.json()["results"]]

    def download(self, path: str, **headers: str) -> Answer:
        """Headers by their names with underscores: `If_Range=…`."""
        return self.get("/media", {"path": path}, **headers)


@dataclass(kw_only=True)
class Person:
    """An app, its device, and the API as seen with a key of the app."""

    app: App
    device: Device
    token: str
    api: Api = field(init=False)

    def __post_init__(self) -> None:
        self.api = Api(self.token)

    @classmethod
    def named(cls, name: str) -> Self:
        """With an app called after them, a phone, and a key that may do everything."""
        app = App.objects.create(name=name)
        # As rows: nobody else is there whom the locks of the verbs would keep out.
        device = Device.objects.create(app=app, name=f"{name}'s phone")
        token = keys.new_token()
        ApiKey.objects.create(
            app=app, digest=keys.digest(token), prefix=token[: keys.SHOWN_CHARACTERS], scopes=Scope.values
        )
        return cls(app=app, device=device, token=token)

    def with_scopes(self, *scopes: str) -> Api:
        """The API as seen with a key that has these scopes only."""
        _, token = keys.issue_key(app=self.app, name="", scopes=scopes, expires_at=None, now=timezone.now())
        return Api(token)

    def another_device(self) -> Device:
        return registry.create_device(app=self.app, name=uuid.uuid4().hex, now=timezone.now())

    def sent(self, content: bytes, **fields: Any) -> dict[str, Any]:
        """The media object of a message that was taken in."""
        answer = self.api.send(self.device, content, **fields)
        assert answer.status_code == 201, answer.content
        return dict(answer.json()["media"])

    def uploaded(self, content: bytes, **options: str) -> dict[str, Any]:
        """The media object of a plain upload."""
        answer = self.api.upload(content, **options)
        assert answer.status_code == 201, answer.content
        return dict(answer.json())

    def left_behind(self) -> dict[str, list[str]]:
        """Whatever an upload of this app may leave: spool files, rows of objects, objects."""
        return {
            "spool": [path.name for path in settings.SPOOL_DIR.glob("*")],
            "blobs": [str(blob) for blob in Blob.objects.filter(app=self.app)],
            "objects": stored_keys(self.app),
        }


# The columns of a media whose bytes are still to be fetched.
PENDING: dict[str, Any] = {
    "status": "pending",
    "blob": None,
    "url": "https://files.example.com/a.jpg",
    "fetch_at": datetime(2026, 1, 1, tzinfo=UTC),
}
NOTHING: dict[str, list[str]] = {"spool": [], "blobs": [], "objects": []}


def staff(name: str, *permissions: str, of_tenants: tuple[str, ...] = ()) -> Client:
    """Somebody logged in to the admin who may see media, and what the permissions add to it."""
    user = User.objects.create_user(name, is_staff=True)
    granted = {"media_store": ("view_media", "view_blob", *permissions), "devices": of_tenants}
    for app, names in granted.items():
        user.user_permissions.add(*Permission.objects.filter(codename__in=names, content_type__app_label=app))
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def device_url(device: Device | str) -> str:
    return f"/v1/devices/{getattr(device, 'pk', device)}"


def messages_of(device: Device | str) -> str:
    return f"{device_url(device)}/messages"


def bytes_of(answer: Answer) -> bytes:
    """The body of an answer, streamed or not."""
    return bytes(_read(answer).body)


def _read(answer: Answer) -> Answer:
    """Read the body to its end, where Django's client closes the answer as a server does."""
    if not hasattr(answer, "body"):
        answer.body = b"".join(answer) if answer.streaming else answer.content
    return answer


def refusal(answer: Answer) -> tuple[int, str]:
    """The status and the code of a problem, after proof that it is one."""
    assert answer["Content-Type"] == "application/problem+json", (answer.status_code, answer["Content-Type"])
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer["X-Request-ID"]
    return answer.status_code, problem["code"]


def stored_keys(app: App) -> list[str]:
    """The keys of the objects that the store holds for this app."""
    store: Any = objects()
    prefix = f"blobs/{app.pk.hex}/"
    if isinstance(store, S3Store):
        listed = store.client.list_objects_v2(Bucket=store.bucket_name, Prefix=prefix)
        return [entry["Key"] for entry in listed.get("Contents", ())]
    return [path.name for path in Path(store.path(prefix)).rglob("*") if path.is_file()]


def text_part(name: str, value: str) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()


def file_part(
    content: bytes,
    *,
    file_name: str = "a.jpg",
    name: str = "file",
    content_type: str = "image/jpeg",
    disposition: str = "",
) -> bytes:
    """A part with a file; `disposition` replaces its parameters."""
    parameters = disposition or f'name="{name}"; filename="{file_name}"'
    head = f"Content-Disposition: form-data; {parameters}\r\nContent-Type: {content_type}\r\n\r\n"
    return head.encode() + content


def multipart(*parts: bytes, closed: bool = True) -> bytes:
    """A body of these parts, headers included; without its closing boundary where it is to look cut off."""
    opening = f"--{BOUNDARY}\r\n".encode()
    body = b"".join(opening + part + b"\r\n" for part in parts)
    return body + (f"--{BOUNDARY}--\r\n".encode() if closed else b"")


def percent(name: str) -> str:
    """As X-File-Name wants it."""
    return quote(name, safe="")


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
