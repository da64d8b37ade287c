"""What the spelling of a URL says; nothing is looked up here."""

import re
import socket
from ipaddress import IPv4Address, ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import given, strategies as st

from safe_http import Policy, SourceForbidden, Url, parse_origin, parse_url
from safe_http.addresses import why_forbidden
from safe_http.urls import MAX_URL_LENGTH, join

NOBODY = Policy()

ALLOWED = [
    ("https://files.example", "files.example", "/"),
    ("https://files.example/x.jpg", "files.example", "/x.jpg"),
    ("HTTPS://Files.Example:443/X.jpg?a=b&c=%20#part", "files.example", "/X.jpg?a=b&c=%20"),
    ("https://files.example?x", "files.example", "/?x"),
    ("https://files.example#x", "files.example", "/"),
    ("https://files.example./x", "files.example", "/x"),
    ("https://files.example/..;/x@127.0.0.1/y.jpg", "files.example", "/..;/x@127.0.0.1/y.jpg"),
    ("https://files.example/?u=https://127.0.0.1/", "files.example", "/?u=https://127.0.0.1/"),
    ("https://a_b.files.example/x.jpg", "a_b.files.example", "/x.jpg"),
    ("https://r3---sn-abc.files.example/x", "r3---sn-abc.files.example", "/x"),
    ("https://127.0.0.1.files.example/", "127.0.0.1.files.example", "/"),
    ("https://bücher.example/ü", "xn--bcher-kva.example", "/%C3%BC"),
    ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", "/"),
    ("https://93.184.216.34/x", "93.184.216.34", "/x"),
    ("https://[2606:4700:4700::1111]:443/x", "2606:4700:4700::1111", "/x"),
    ("https://[2606:4700:4700:0:0:0:0:1111]/x", "2606:4700:4700::1111", "/x"),
    (f"https://{'a' * 63}.example/", f"{'a' * 63}.example", "/"),
]

FORBIDDEN = [
    "",
    " ",
    "files.example/x",
    "//files.example/x",
    "https:files.example",
    "https:/files.example",
    "https:///files.example",
    "https://",
    "https://#",
    "https://?",
    "https://:443/",
    "https://.",
    "https://..",
    "https://[]/",
    "http://files.example/",
    "ftp://files.example/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/plain,x",
    "gopher://files.example/",
    "https://user@files.example/",
    "https://user:password@files.example/",
    "https://@files.example/",
    "https://files.example@10.0.0.7/",
    "https://files.example:80/",
    "https://files.example:8443/",
    "https://files.example:/",
    "https://files.example:0443/",
    "https://files.example:+443/",
    "https://files.example:443:443/",
    "https://files.example:99999999999/",
    "https://files.example:\uff14\uff14\uff13/",
    "https://files.example\\@10.0.0.7/",
    "https:\\\\files.example/",
    "https://files.example/a\\b",
    "https://files%2eexample/",
    "https://%66iles.example/",
    "https://files.example%00.org/",
    " https://files.example/",
    "https://files.example/ ",
    "https://files.example/a b",
    "https://files .example/",
    "https://files.example/\r\nHost: n8n",
    "https://files.exam\tple/",
    "https://files.example/\0",
    "https://files.example/\x7f",
    "https://files.example/\u2028",
    "https://files.example/\u00a0",
    "https://files.example/\ud800",
    "https://n8n/",
    "https://localhost/",
    "https://localhost./",
    "https://a.localhost/",
    "https://metadata.google.internal/",
    "https://printer.local/",
    "https://router.home.arpa/",
    "https://home.arpa/",
    "https://abc.onion/",
    "https://-a.example/",
    "https://a-.example/",
    "https://a..example/",
    "https://.files.example/",
    "https://files.example../",
    "https://a!b.example/",
    "https://a,b.example/",
    f"https://{'a' * 64}.example/",
    f"https://{'a.' * 126}example/",
    "https://xn--a.example/",
    "https://xn--.example/",
    "https://xn--zzzz9999999.example/",
    "https://XN--BCHER-KV.example/",
    "https://ⓔxample.com/",
    "https://files。example/",
    "https://files\uff0eexample/",
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://\u212aelvin.example/",
    "https://a\u200db.example/",
    "https://0/",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://127.0.0.0x1/",
    "https://127.0.0.01/",
    "https://93.184.216.034/",
    "https://93.184.216.34./",
    "https://93.184.216/",
    "https://93.184.216.34.1/",
    "https://256.1.1.1/",
    "https://files.example.0/",
    "https://files.example.0x/",
    "https://127.0.0.1/",
    "https://10.0.0.7/",
    "https://169.254.169.254/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:93.184.216.34]/",
    "https://[64:ff9b::5db8:d822]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[2606:4700:4700::1111%25eth0]/",
    "https://[2606:4700:4700::1111/",
    "https://2606:4700:4700::1111/",
    "https://[2606:4700:4700::1111].example/",
    "https://[files.example]/",
    "https://[93.184.216.34]/",
    "https://[v1.fe80]/",
    "https://[2606::4700::1111]/",
    f"https://files.example/{'x' * MAX_URL_LENGTH}",
]


class TestAUrl:
    @pytest.mark.parametrize(("text", "host", "target"), ALLOWED)
    def test_is_read_as_it_will_be_asked_for(self, text: str, host: str, target: str) -> None:
        url = parse_url(text, policy=NOBODY)
        assert (url.host, url.port, url.target, url.is_exempt) == (host, 443, target, False)

    @pytest.mark.parametrize("text", FORBIDDEN)
    def test_is_refused_by_its_spelling_alone(self, text: str) -> None:
        with pytest.raises(SourceForbidden) as refusal:
            parse_url(text, policy=NOBODY)
        # A sentence of ours, and nothing of theirs.
        assert re.fullmatch(r"(The|This) [\w ,.:/()-]+\.", str(refusal.value))

    def test_is_shown_by_its_host_alone(self) -> None:
        assert parse_url("https://bücher.example/secret", policy=NOBODY).display_host == "xn--bcher-kva.example"
        assert parse_url("https://[2606:4700::1111]/secret", policy=NOBODY).display_host == "[2606:4700::1111]"

    def test_of_an_allowed_origin_keeps_the_rules_of_spelling(self) -> None:
        policy = Policy(allow=frozenset({parse_origin("http://n8n:5678")}))
        assert parse_url("http://N8N:5678/a?b", policy=policy).is_exempt
        for text in ("http://user@n8n:5678/", "http://n8n\\:5678/", "http://n8n:5678/ x", "http://n8n:05678/"):
            with pytest.raises(SourceForbidden):
                parse_url(text, policy=policy)

    @pytest.mark.parametrize(
        ("location", "asked"),
        [
            ("/2", "https://files.example/2"),
            ("2?a#b", "https://files.example/1/2?a"),
            ("?a", "https://files.example/1/x?a"),
            ("//other.example/2", "https://other.example/2"),
            ("../../2", "https://files.example/2"),
            ("", "https://files.example/1/x?q"),
        ],
    )
    def test_leads_on_relatively(self, location: str, asked: str) -> None:
        base = parse_url("https://files.example/1/x?q", policy=NOBODY)
        assert str(join(base, location, policy=NOBODY)) == asked

    @pytest.mark.parametrize("location", ["/\t2", "\\\\n8n/", "/a b", "//[::1/", "//n8n/", "http:/2", "//10.0.0.7"])
    def test_leads_nowhere_that_it_could_not_have_led_to_at_once(self, location: str) -> None:
        with pytest.raises(SourceForbidden):
            join(parse_url("https://files.example/1", policy=NOBODY), location, policy=NOBODY)


PIECES = [
    *("https://", "https:", "//", "/", "?", "#", "@", ":", ":443", ":80", "\\", ".", "..", "%", "%2e", "%00", "[", "]"),
    *("[::1]", "[2606:4700::1111]", "::ffff:7f00:1", "127.0.0.1", "127.1", "93.184.216.34", "0x7f", "0177"),
    *("2130706433", "1", "0", "a", "-", "_", ",", ";", "!", "example", "com", "files.example", "localhost", "n8n"),
    *("user:password", "xn--", "xn--bcher-kva", " ", "\t", "\r\n", "\0", "\u2028", "\u200d", "\u00ad"),
    # An u and an s as in German, a dotted I, a long s, a digit in a circle and a wide one, two other full stops.
    *("\u00fc", "\u00df", "\u0130", "\u017f", "\u2460", "\uff11", "\u3002", "\uff0e"),
]
NASTY = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
URLS = st.one_of(st.text(), NASTY, NASTY.map("https://{}".format), st.text(max_size=20).map("https://{}/".format))


class TestAnyText:
    @given(URLS)
    def test_is_refused_or_read_as_everybody_reads_it(self, text: str) -> None:
        try:
            url = parse_url(text, policy=NOBODY)
        except SourceForbidden:
            return
        assert_reads_alike(text, url)
        assert parse_url(str(url), policy=NOBODY) == url

    @given(NASTY)
    def test_leads_nowhere_else_by_a_redirect(self, location: str) -> None:
        base = parse_url("https://files.example/1", policy=NOBODY)
        try:
            url = join(base, location, policy=NOBODY)
        except SourceForbidden:
            return
        assert_reads_alike(str(url), url)


def assert_reads_alike(text: str, url: Url) -> None:
    """The standard library and the C library see the same host, or refuse it."""
    other = urlsplit(text)
    assert other.hostname is not None
    assert (other.scheme, other.port or 443, other.username, other.password) == ("https", 443, None, None)
    if other.hostname.isascii() and ":" not in other.hostname:
        assert other.hostname.removesuffix(".") == url.host
    assert url.host.isascii()
    assert re.fullmatch(r"[!-~]+", url.target)
    assert as_the_c_library_reads(url.host) in (None, url.host)
    if ":" in url.host or as_the_c_library_reads(url.host):
        assert why_forbidden(ip_address(url.host)) is None
    else:
        assert "." in url.host


def as_the_c_library_reads(host: str) -> str | None:
    """The address that `inet_aton` makes of it, in whatever spelling."""
    try:
        return str(IPv4Address(socket.inet_aton(host)))
    except OSError:
        return None
