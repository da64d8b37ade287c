"""Origins as they stand in settings."""

import pytest

from safe_http import BadOrigin, Origin, parse_origin, parse_proxy


class TestAnOrigin:
    @pytest.mark.parametrize(
        ("text", "origin"),
        [
            ("http://n8n:5678", Origin(scheme="http", host="n8n", port=5678)),
            ("HTTP://N8N", Origin(scheme="http", host="n8n", port=80)),
            ("https://files.internal", Origin(scheme="https", host="files.internal", port=443)),
            ("https://10.0.0.7:8443", Origin(scheme="https", host="10.0.0.7", port=8443)),
            ("http://[FD00::1]:80", Origin(scheme="http", host="fd00::1", port=80)),
        ],
    )
    def test_is_scheme_host_and_port(self, text: str, origin: Origin) -> None:
        assert parse_origin(text) == origin

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("n8n:5678", "write scheme, host and port"),
            ("", "write scheme, host and port"),
            ("*", "write scheme, host and port"),
            ("ftp://n8n", "http or https"),
            ("http://n8n/", "goes on after host and port"),
            ("http://n8n/webhook", "goes on after host and port"),
            ("http://n8n?x", "goes on after host and port"),
            ("http://user:password@n8n", "no user name or password"),
            ("http://", "no host"),
            ("http://n8n:", "no host, or a port"),
            ("http://n8n:port", "no host, or a port"),
            ("http://n8n:99999", "beyond 65535"),
            ("http://*.internal", "no name"),
            ("http://10.0.0.0/8", "goes on after host and port"),
            ("http://10.1", "no IPv4 address"),
            ("http://n 8n", "no name"),
        ],
    )
    def test_is_refused_with_the_reason(self, text: str, complaint: str) -> None:
        with pytest.raises(BadOrigin, match=complaint) as refusal:
            parse_origin(text)
        assert "password" not in str(refusal.value).replace("user name or password", "")

    @pytest.mark.parametrize("text", ["http://n8n:5678", "http://n8n", "https://n8n:80", "http://[fd00::1]:81"])
    def test_is_written_as_it_is_read(self, text: str) -> None:
        assert str(parse_origin(text)) == text


class TestAProxy:
    def test_is_an_origin_with_perhaps_a_password_that_is_not_shown(self) -> None:
        proxy = parse_proxy("http://user:p%40ss@proxy:3128")
        assert proxy.origin == Origin(scheme="http", host="proxy", port=3128)
        assert proxy.authorization == "Basic dXNlcjpwQHNz"
        assert "dXNlcj" not in repr(proxy)

    @pytest.mark.parametrize("text", ["https://proxy:3128", "socks5://proxy", "proxy:3128", "http://proxy:3128/x"])
    def test_is_spoken_to_in_http(self, text: str) -> None:
        with pytest.raises(BadOrigin):
            parse_proxy(text)
