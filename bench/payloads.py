"""Bytes to send that were never sent before, made as they go, so that the client needs no memory either."""

import base64
import hashlib
import http.client
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

# A multiple of three: each block is base64 of its own, without padding in the middle.
BLOCK_BYTES = 3 * 262_144
BOUNDARY = "mediahub-bench"
_NOISE = os.urandom(BLOCK_BYTES)


@dataclass(frozen=True, kw_only=True)
class Payload:
    """`size` bytes, different for each `seed`."""

    seed: int
    size: int

    def blocks(self) -> Iterator[bytes]:
        """The bytes, a block at a time."""
        left = self.size
        while left > 0:
            mark = self.seed.to_bytes(8, "big") + left.to_bytes(8, "big")
            yield (mark + _NOISE[len(mark) :])[:left]
            left -= BLOCK_BYTES

    def sha256(self) -> str:
        """Of the bytes, in hex."""
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Client:
    """One key at one server. Every call opens a connection of its own."""

    port: int
    key: str

    def upload_base64(self, payload: Payload) -> str:
        """As data_base64 in JSON; answers the media's path."""
        head, tail = b'{"data_base64": "', b'"}'
        length = len(head) + (payload.size + 2) // 3 * 4 + len(tail)

        def body() -> Iterator[bytes]:
            yield head
            yield from (base64.b64encode(block) for block in payload.blocks())
            yield tail

        return self._upload(body(), length=length, content_type="application/json")

    def upload_multipart(self, payload: Payload) -> str:
        """As the part `file`; answers the media's path."""
        head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="bench.bin"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        tail = f"\r\n--{BOUNDARY}--\r\n".encode()

        def body() -> Iterator[bytes]:
            yield head
            yield from payload.blocks()
            yield tail

        length = len(head) + payload.size + len(tail)
        return self._upload(body(), length=length, content_type=f"multipart/form-data; boundary={BOUNDARY}")

    def download(self, path: str) -> str:
        """The sha256 of what came."""
        connection = self._connect()
        connection.request("GET", f"/media?path={quote(path)}", headers=self._headers())
        answer = connection.getresponse()
        assert answer.status == http.client.OK, answer.read()
        digest = hashlib.sha256()
        while block := answer.read(BLOCK_BYTES):
            digest.update(block)
        connection.close()
        return digest.hexdigest()

    def _upload(self, body: Iterator[bytes], *, length: int, content_type: str) -> str:
        connection = self._connect()
        headers = {**self._headers(), "Content-Type": content_type, "Content-Length": str(length)}
        connection.request("POST", "/v1/media", body=body, headers=headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())
        connection.close()
        assert answer.status == http.client.CREATED, said
        return str(said["media_path"])

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}
