"""What goes wrong on the way to a file, by name, and how a fetch of it has to end."""

import datetime as dt
import gzip
import itertools
import ssl
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from safe_http import (
    BadStatus,
    BrokenAnswer,
    Empty,
    Encoded,
    Refused,
    SourceForbidden,
    SourceTooSlow,
    SourceUnreachable,
    TooLarge,
    TooManyRedirects,
    Untrusted,
)
from tests.safe_http.fault_servers import CHUNKED, PIECE, Peer, Script, chunk, does, file, head, redirect, says
from tests.safe_http.internet import ADDRESS, HOST, Answers, believed, stranger

MAX_BYTES = 200_000
INSIDE = "10.0.0.7"

FILE = says(file())

Tls = Callable[[], ssl.SSLContext | None]


def good() -> ssl.SSLContext:
    return believed().server(HOST)


def plain() -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """files.example resolves to `answers`; whoever connects there meets `tls`, then `script`.

    It ends in exactly this `refusal`, with this `status` where it is one.
    """

    refusal: type[Refused]
    script: Script = FILE
    tls: Tls = good
    answers: Answers = (ADDRESS,)
    status: int | None = None


# Names.


def resolves(*answers: str, refusal: type[Refused] = SourceForbidden) -> Fault:
    return Fault(answers=answers, refusal=refusal)


def absent_name() -> list[str]:
    raise OSError("Name or service not known")


def slow_name() -> list[str]:
    time.sleep(2)
    return [ADDRESS]


def rebinding() -> Answers:
    """Public at the first look-up, inside at every other."""
    answers = itertools.chain([[ADDRESS]], itertools.repeat([INSIDE]))
    return lambda: next(answers)


NAMES = {
    "a name that does not exist": Fault(answers=absent_name, refusal=SourceUnreachable),
    "a name without addresses": resolves(refusal=SourceUnreachable),
    "a name inside": resolves(INSIDE),
    "a name with a public address and one inside": resolves(ADDRESS, INSIDE),
    "a name with an address inside and a public one": resolves("fd00::1", ADDRESS),
    "a name with IPv4 in IPv6": resolves("::ffff:93.184.216.34"),
    "a name with an address of one link": resolves("fe80::1%lo"),
    "a name with the metadata service": resolves("169.254.169.254"),
    "a name whose address is none": resolves("127.1"),
    "a name rebound between two look-ups": Fault(
        answers=rebinding(), script=says(redirect("/again")), refusal=SourceForbidden
    ),
}

# Certificates and handshakes.


def days(number: int) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(days=number)


def certified(tls: Tls) -> Fault:
    return Fault(tls=tls, refusal=Untrusted)


def outdated() -> ssl.SSLContext:
    context = good()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def on_the_tls_port(script: Script, refusal: type[Refused] = SourceUnreachable) -> Fault:
    return Fault(tls=plain, script=script, refusal=refusal)


def dripped_handshake(peer: Peer) -> None:
    """A real one, and each byte in time."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = good().wrap_bio(incoming, outgoing, server_side=True)
    while True:
        with suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        peer.drip(outgoing.read())
        incoming.write(peer.connection.recv(65_536))


def reset_handshake(peer: Peer) -> None:
    peer.connection.recv(65_536)
    peer.send(b"\x16\x03\x03")
    peer.reset()


TLS = {
    "a certificate for another name": certified(lambda: believed().server("other.example")),
    "a certificate for a part of the name": certified(lambda: believed().server("example")),
    "a certificate for the address only": certified(lambda: believed().server(ADDRESS)),
    "a certificate that has expired": certified(
        lambda: believed().server(HOST, not_before=days(-9), not_after=days(-1))
    ),
    "a certificate that is not valid yet": certified(
        lambda: believed().server(HOST, not_before=days(1), not_after=days(9))
    ),
    "a certificate of an unknown authority": certified(lambda: stranger().server(HOST)),
    "a certificate signed by itself": certified(lambda: stranger().itself()),
    "an outdated TLS": Fault(tls=outdated, refusal=SourceUnreachable),
    "HTTP on the port of HTTPS": on_the_tls_port(lambda peer: peer.send(file())),
    "noise on the port of HTTPS": on_the_tls_port(lambda peer: peer.send(b"\0\1\2noise\r\n" * 100)),
    "a hang-up before the handshake": on_the_tls_port(lambda peer: peer.hang_up()),
    "a reset in the handshake": on_the_tls_port(reset_handshake),
}

# Heads.


def broken(answer: bytes) -> Fault:
    return Fault(script=says(answer), refusal=BrokenAnswer)


def pours(piece: bytes, *, after: bytes = b"", refusal: type[Refused] = BrokenAnswer) -> Fault:
    return Fault(script=does(lambda peer: peer.pour(piece), after=after), refusal=refusal)


def acts(act: Callable[[Peer], None], *, after: bytes = b"", refusal: type[Refused]) -> Fault:
    return Fault(script=does(act, after=after), refusal=refusal)


HEADS = {
    "a hang-up before the headers": broken(b""),
    "a hang-up in the headers": broken(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "a reset before the headers": acts(Peer.reset, refusal=SourceUnreachable),
    "a reset in the headers": acts(Peer.reset, after=b"HTTP/1.1 200 OK\r\nX: ", refusal=SourceUnreachable),
    "a greeting that is no status line": broken(b"220 files.example ESMTP\r\n\r\n"),
    "a status of two digits": broken(head("20 OK")),
    "a status of letters": broken(head("OK")),
    "a body without a head": broken(b"<html>welcome</html>\r\n\r\n"),
    "another protocol": broken(head("101 Switching Protocols", "Connection: Upgrade", "Upgrade: h2c")),
    "another version of HTTP": broken(head("200 OK", "Content-Length: 1", version="HTTP/3.0") + b"x"),
    "a header with a NUL byte": broken(head("200 OK", "X: a\0b", "Content-Length: 1") + b"x"),
    "a header without a colon": broken(head("200 OK", "Content-Length 1") + b"x"),
    "a header name with a space": broken(head("200 OK", "Content-Length : 1") + b"x"),
    "a header injected after a bare CR": broken(head("200 OK", "X: a\rContent-Length: 1") + b"x"),
    "a folded line at the start": broken(head("200 OK", " folded: 1", "Content-Length: 1") + b"x"),
    "too many headers": broken(head("200 OK", *["X: 1"] * 20_000, "Content-Length: 1") + b"x"),
    "headers without end": pours(b"X-Header: value\r\n" * 100, after=b"HTTP/1.1 200 OK\r\n"),
    "a header line without end": pours(PIECE, after=b"HTTP/1.1 200 OK\r\nX: "),
    "a status line without end": pours(PIECE, after=b"HTTP/1.1 200 "),
    "informational answers without end": pours(head("100 Continue") * 100),
}

# Bodies, and what is announced of them.


def length(value: str, body: bytes = b"12345") -> Fault:
    return broken(head("200 OK", f"Content-Length: {value}") + body)


def announced_late(peer: Peer) -> None:
    peer.pause(0.1)
    peer.send(b"more")
    peer.pause()


BOMB = gzip.compress(b"\0" * 20_000_000)

BODIES = {
    "a length and chunks": broken(
        head("200 OK", "Content-Length: 5", "Transfer-Encoding: chunked") + chunk(b"12345") + b"0\r\n\r\n"
    ),
    "the same length twice": broken(head("200 OK", "Content-Length: 5", "Content-Length: 5") + b"12345"),
    "two lengths": broken(head("200 OK", "Content-Length: 5", "Content-Length: 6") + b"123456"),
    "two lengths in one header": length("5, 5"),
    "a negative length": length("-5"),
    "a length with a sign": length("+5"),
    "a length in hexadecimal": length("0x5"),
    "a length of too many digits": length("9" * 400),
    "more bytes than announced": length("3"),
    "more bytes than announced, a little later": acts(announced_late, after=file(), refusal=BrokenAnswer),
    "fewer bytes than announced": length("9"),
    "a half close in the body": acts(
        Peer.half_close, after=head("200 OK", "Content-Length: 9") + b"1234", refusal=SourceUnreachable
    ),
    "a reset in the body": acts(
        Peer.reset, after=head("200 OK", "Content-Length: 9") + b"1234", refusal=SourceUnreachable
    ),
    "an end without goodbye, where only the end says that it is one": acts(
        Peer.hang_up, after=head("200 OK") + b"half of it", refusal=SourceUnreachable
    ),
    "more announced than wanted": Fault(
        script=says(head("200 OK", f"Content-Length: {MAX_BYTES + 1}")), refusal=TooLarge
    ),
    "a length beyond every machine": Fault(
        script=says(head("200 OK", "Content-Length: 18446744073709551615")), refusal=TooLarge
    ),
    "an unknown transfer coding": broken(head("200 OK", "Transfer-Encoding: gzip, chunked") + chunk(b"x")),
    "chunks in HTTP/1.0": broken(
        head("200 OK", "Transfer-Encoding: chunked", version="HTTP/1.0") + chunk(b"x") + b"0\r\n\r\n"
    ),
    "a chunk without a size": broken(CHUNKED + b"xyz\r\n12345\r\n0\r\n\r\n"),
    "a chunk longer than its size": broken(CHUNKED + b"3\r\n12345\r\n0\r\n\r\n"),
    "chunks cut short": broken(CHUNKED + chunk(b"12345")),
    "chunks without end": pours(chunk(PIECE), after=CHUNKED, refusal=TooLarge),
    "a chunk extension without end": pours(PIECE, after=CHUNKED + b"5;"),
    "chunks that are mostly extension": pours(chunk(b"x", b";" + b"y" * 50_000), after=CHUNKED),
    "trailers without end": pours(b"X-Trailer: value\r\n" * 100, after=CHUNKED + chunk(b"x") + b"0\r\n"),
    "a body without end": pours(PIECE, after=head("200 OK"), refusal=TooLarge),
    "an empty body": Fault(script=says(file(b"")), refusal=Empty),
    "an empty body in chunks": Fault(script=says(CHUNKED + b"0\r\n\r\n"), refusal=Empty),
    "an empty body until the end": Fault(script=says(head("200 OK")), refusal=Empty),
    "a gzip bomb": Fault(
        script=says(head("200 OK", "Content-Encoding: gzip", f"Content-Length: {len(BOMB)}") + BOMB), refusal=Encoded
    ),
    "a coding of several": Fault(
        script=says(head("200 OK", "Content-Encoding: identity, br", "Content-Length: 1") + b"x"), refusal=Encoded
    ),
    "a coding in a second header": Fault(
        script=says(head("200 OK", "Content-Encoding: identity", "content-encoding: deflate") + b"x"), refusal=Encoded
    ),
}

# Statuses.


def bad_status(answer: bytes, status: int) -> Fault:
    return Fault(script=says(answer), refusal=BadStatus, status=status)


PICTURE = b"\xff\xd8\xff\xe0 looks like a picture"

STATUSES = {
    "nothing to be had": bad_status(head("204 No Content"), 204),
    "a part where the whole was asked for": bad_status(
        head("206 Partial Content", "Content-Range: bytes 0-4/9", "Content-Length: 5") + b"12345", 206
    ),
    "not modified": bad_status(head("304 Not Modified"), 304),
    "a choice": bad_status(head("300 Multiple Choices", "Location: /1", "Content-Length: 0"), 300),
    "an error page that looks like a picture": bad_status(
        head("404 Not Found", "Content-Type: image/jpeg", f"Content-Length: {len(PICTURE)}") + PICTURE, 404
    ),
    "a wish for a password": bad_status(head("401 Unauthorized", "WWW-Authenticate: Basic", "Content-Length: 0"), 401),
    "a server's error": bad_status(head("503 Service Unavailable", "Content-Length: 0"), 503),
    "a status that there is not": bad_status(head("999 Whatever", "Content-Length: 0"), 999),
}

# Redirects.


def leads_to(location: str) -> Fault:
    return Fault(script=says(redirect(location)), refusal=SourceForbidden)


REDIRECTS = {
    "a redirect to the metadata service": leads_to("https://169.254.169.254/latest/meta-data/"),
    "a redirect to the loopback": leads_to("https://127.0.0.1/"),
    "a redirect to the loopback in IPv6": leads_to("https://[::1]/"),
    "a redirect to the loopback as one number": leads_to("https://2130706433/"),
    "a redirect to a name inside": leads_to("https://inside.example/"),
    "a redirect to a name without dots": leads_to("https://n8n/"),
    "a redirect to HTTP": leads_to(f"http://{HOST}/"),
    "a redirect to another port": leads_to(f"https://{HOST}:8443/"),
    "a redirect to a file": leads_to("file:///etc/passwd"),
    "a redirect to gopher": leads_to("gopher://10.0.0.7:6379/_FLUSHALL"),
    "a redirect with a password": leads_to(f"https://user:password@{HOST}/"),
    "a redirect with a backslash": leads_to(f"https://10.0.0.7\\@{HOST}/"),
    "a redirect without a scheme": leads_to("//10.0.0.7/"),
    "a redirect in a circle": Fault(script=says(redirect("/x.jpg")), refusal=TooManyRedirects, status=302),
    "a redirect to two places": broken(redirect("/1", "Location: /2")),
    "a redirect to bytes that are no text": broken(redirect("/\xff\xfe")),
    "a redirect to nowhere": bad_status(head("302 Found", "Content-Length: 0"), 302),
}

# What lasts until the deadline.


def drips(data: bytes, *, after: bytes = b"", every: float = 0.05) -> Fault:
    return acts(lambda peer: peer.pour(data, every=every), after=after, refusal=SourceTooSlow)


def slow_hop(peer: Peer) -> None:
    peer.request()
    peer.pause(0.4)
    peer.send(redirect("/again"))


def fast_trickle(peer: Peer) -> None:
    for byte in itertools.repeat(b"1\r\nx\r\n"):
        peer.send(byte)


SLOW = {
    "a name that takes its time": Fault(answers=slow_name, refusal=SourceTooSlow),
    "silence instead of a handshake": on_the_tls_port(Peer.pause, SourceTooSlow),
    "a handshake byte by byte": on_the_tls_port(dripped_handshake, SourceTooSlow),
    "silence instead of headers": acts(Peer.pause, refusal=SourceTooSlow),
    "a status line byte by byte": acts(lambda peer: peer.drip(head("200 OK") * 9), refusal=SourceTooSlow),
    "headers one by one": drips(b"X-Header: value\r\n", after=b"HTTP/1.1 200 OK\r\n"),
    "informational answers one by one": drips(head("100 Continue")),
    "a body byte by byte": drips(b"x", after=head("200 OK", "Content-Length: 100000")),
    "a body byte by byte, without a length": drips(b"x", after=head("200 OK")),
    "silence in the body": acts(Peer.pause, after=head("200 OK", "Content-Length: 9") + b"1234", refusal=SourceTooSlow),
    "chunks one by one": drips(chunk(b"x"), after=CHUNKED),
    "a chunk's size byte by byte": drips(b"0", after=CHUNKED, every=0.1),
    "trailers one by one": drips(b"X-Trailer: value\r\n", after=CHUNKED + chunk(b"x") + b"0\r\n"),
    "chunks of one byte, as fast as they go": acts(fast_trickle, after=CHUNKED, refusal=SourceTooSlow),
    "a slow redirect, again and again": Fault(script=slow_hop, refusal=SourceTooSlow),
}

QUICK = NAMES | TLS | HEADS | BODIES | STATUSES | REDIRECTS
ALL = QUICK | SLOW


# Those that would fill a memory.
ENDLESS = [name for name in ALL if any(word in name for word in ("without end", "bomb", "mostly", "as fast"))]
