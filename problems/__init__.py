"""Problem details for HTTP APIs (RFC 9457): one table of codes, one way to answer."""
