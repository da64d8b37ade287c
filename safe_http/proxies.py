"""An egress proxy, where one is named: a tunnel through it (RFC 9110, section 9.3.6)."""

import base64
import socket
from dataclasses import dataclass, field
from urllib.parse import unquote

from safe_http.deadlines import Deadline
from safe_http.errors import SourceUnreachable
from safe_http.hosts import bracketed
from safe_http.origins import BadOrigin, Origin, parse_origin

MAX_HEAD_BYTES = 16_384


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """An HTTP proxy that the operator trusts: its own address is not judged.

    Names are resolved and judged here and the proxy is asked for the checked address, unless `resolves_names`: then
    it is asked for the name, and what the name leads to is the proxy's to judge.
    """

    origin: Origin
    authorization: str = field(default="", repr=False)
    resolves_names: bool = False


def parse_proxy(text: str, *, resolves_names: bool = False) -> Proxy:
    """`http://proxy:3128` or `http://user:password@proxy:3128`, percent-encoded. Raises BadOrigin."""
    scheme, _, authority = text.rpartition("://")
    user_info, _, host = authority.rpartition("@")
    origin = parse_origin(f"{scheme}://{host}")
    if origin.scheme != "http":
        raise BadOrigin("A proxy is spoken to in http; what goes through it is encrypted all the same.")
    return Proxy(origin=origin, authorization=_basic(user_info), resolves_names=resolves_names)


def tunnel(connection: socket.socket, host: str, port: int, *, proxy: Proxy, deadline: Deadline) -> None:
    """Have the proxy connect this socket through to host and port; raises SourceUnreachable where it will not."""
    target = f"{bracketed(host)}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    connection.settimeout(deadline.remaining())
    connection.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    status_line = _head(connection, deadline).partition(b"\r\n")[0]
    if status_line.split(b" ")[1:2] != [b"200"]:
        raise SourceUnreachable(
            "The source could not be reached through the proxy.", detail_for_log=f"proxy, {target}: {status_line!r}"
        )


def _head(connection: socket.socket, deadline: Deadline) -> bytes:
    # Byte by byte: what comes after the head belongs to TLS.
    head = bytearray()
    while not head.endswith(b"\r\n\r\n"):
        connection.settimeout(deadline.remaining())
        byte = connection.recv(1)
        head += byte
        if not byte or len(head) > MAX_HEAD_BYTES:
            raise SourceUnreachable(
                "The source could not be reached through the proxy.", detail_for_log="the proxy's answer breaks off"
            )
    return bytes(head)


def _basic(user_info: str) -> str:
    if not user_info:
        return ""
    return f"Basic {base64.b64encode(unquote(user_info).encode()).decode('ascii')}"
