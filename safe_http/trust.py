"""Whom TLS believes."""

import ssl
from functools import cache

import certifi


@cache
def mozillas_authorities() -> ssl.SSLContext:
    """Certificates as Mozilla's list has them, the same on every machine; names are verified; TLS 1.2 at least."""
    return tls_context(certifi.where())


def tls_context(*authority_files: str) -> ssl.SSLContext:
    """As above, with the authorities of these PEM files and no others."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for path in authority_files:
        context.load_verify_locations(path)
    return context
