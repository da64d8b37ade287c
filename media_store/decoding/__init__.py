"""Decoding: JSON and base64 read as streams, so that memory does not grow with the media they carry."""
