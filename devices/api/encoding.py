"""Bodies that are compressed: refused, so that nobody's gzip is taken for media and no bomb is ever inflated."""

from django.http import HttpRequest
from rest_framework.request import Request

from problems.errors import EncodedBody


def refuse_encoded(request: HttpRequest | Request) -> None:
    """Return if the body is what it is (RFC 9110, section 8.4; RFC 9112, section 7). Error: `EncodedBody`."""
    named = f"{request.headers.get('Content-Encoding', '')},{request.headers.get('Transfer-Encoding', '')}"
    codings = [coding.strip().lower() for coding in named.split(",")]
    unknown = [coding for coding in codings if coding not in ("", "identity", "chunked")]
    if unknown:
        raise EncodedBody(unknown[0])
