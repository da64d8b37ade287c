"""Uploads from outside, each way that bytes can come in; an answer that never came whole is None."""

import base64
import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote
from uuid import uuid4

from tests.installation import Web

BOUNDARY = "a-boundary-that-no-file-holds"
SECONDS = 60


class Tenant(Protocol):
    """Whose key and device it is."""

    @property
    def key(self) -> str:
        """Of an app."""

    @property
    def device_id(self) -> str:
        """Of the same app."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A status, and the JSON that came with it."""

    status: int
    document: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request that can be made again, at any web process of the installation."""

    method: str
    path: str
    key: str
    body: bytes = b""
    content_type: str = "application/json"

    def at(self, web: Web) -> Answer | None:
        """The answer; None where the connection ended before it was whole."""
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=SECONDS)
        try:
            connection.request(self.method, self.path, body=self.body, headers=self.headers())
            answer = connection.getresponse()
            content = answer.read()
        except (http.client.RemoteDisconnected, http.client.IncompleteRead, ConnectionResetError, BrokenPipeError):
            return None
        finally:
            connection.close()
        document = json.loads(content) if "json" in answer.headers.get("Content-Type", "") else content
        return Answer(status=answer.status, document=document, headers=dict(answer.headers.items()))

    def headers(self) -> dict[str, str]:
        """All but the length."""
        return {"Authorization": f"Bearer {self.key}", "Content-Type": self.content_type}


def base64_message(tenant: Tenant, content: bytes) -> Call:
    """As data_base64 in a message."""
    body = json.dumps({**_message(), "data_base64": base64.b64encode(content).decode()}).encode()
    return Call(method="POST", path=_messages(tenant), key=tenant.key, body=body)


def multipart_message(tenant: Tenant, content: bytes) -> Call:
    """As the file of a form."""
    return _form(tenant, _messages(tenant), _message(), content)


def inbound(tenant: Tenant, content: bytes) -> Call:
    """As a gateway hands it in."""
    return _form(tenant, f"/v1/devices/{tenant.device_id}/inbound", {"message_id": uuid4().hex}, content)


def omitted(tenant: Tenant) -> Call:
    """The same without its bytes."""
    body = json.dumps({"message_id": uuid4().hex, "omitted": "not_downloaded"}).encode()
    return Call(method="POST", path=f"/v1/devices/{tenant.device_id}/inbound", key=tenant.key, body=body)


def claim(tenant: Tenant) -> Call:
    """Of all that waits for delivery."""
    return Call(method="POST", path="/v1/outbox/claim", key=tenant.key, body=b'{"max": 100}')


def receipt(tenant: Tenant, message_id: str, *, at: str) -> Call:
    """That it was delivered."""
    body = json.dumps([{"message_id": message_id, "state": "delivered", "at": at}]).encode()
    return Call(method="POST", path=f"/v1/devices/{tenant.device_id}/receipts", key=tenant.key, body=body)


def _form(tenant: Tenant, path: str, fields: Mapping[str, str], content: bytes) -> Call:
    words = (f'name="{name}"\r\n\r\n{value}' for name, value in fields.items())
    file = 'name="file"; filename="a.bin"\r\nContent-Type: application/octet-stream\r\n\r\n'
    opening = f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
    head = "".join(f"{opening}{word}\r\n" for word in words) + opening + file
    body = head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    return Call(method="POST", path=path, key=tenant.key, body=body, content_type=content_type)


def raw_upload(tenant: Tenant, content: bytes) -> Call:
    """As the body itself, without a message."""
    return Call(method="POST", path="/v1/media", key=tenant.key, body=content, content_type="application/octet-stream")


def reusing_message(tenant: Tenant, *, media_id: str) -> Call:
    """A message of media that is stored already."""
    body = json.dumps({**_message(), "media_id": media_id}).encode()
    return Call(method="POST", path=_messages(tenant), key=tenant.key, body=body)


def download(tenant: Tenant, path: str) -> Call:
    """The bytes by path."""
    return Call(method="GET", path=f"/media?path={quote(path)}", key=tenant.key)


def removal(tenant: Tenant, media_id: str) -> Call:
    """The removal of one media."""
    return Call(method="DELETE", path=f"/v1/media/{media_id}", key=tenant.key)


def media_in(answer: Answer | None) -> dict[str, Any]:
    """The media object of an upload that was taken in."""
    assert answer is not None, "no answer"
    assert answer.status in (http.client.OK, http.client.CREATED), answer.document
    return dict(answer.document.get("media", answer.document))


Source = Callable[[Tenant, bytes], Call]
SOURCES: dict[str, Source] = {"base64": base64_message, "multipart": multipart_message, "raw": raw_upload}


def _message() -> dict[str, str]:
    return {"to": "6281234567890", "type": "document", "message_id": uuid4().hex}


def _messages(tenant: Tenant) -> str:
    return f"/v1/devices/{tenant.device_id}/messages"
