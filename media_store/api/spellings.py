"""Spellings: a message written as for another gateway, in MediaHub's own words.

One table. What a form has no word for is no business of media: it is ignored, and named in the answer. MediaHub's
own fields may stand beside a foreign form; where both have a word for one thing, they may not say two.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from media_store import kinds, mime_types
from media_store.errors import SourceAmbiguous
from problems.errors import Malformed, Problem

Path = tuple[str, ...]

# Where a large string may stand, which is decoded as it arrives.
OWN_BASE64: Path = ("data_base64",)
WAHA_BASE64: Path = ("file", "data")
EVOLUTION_MEDIA: Path = ("media",)
# What a string that was decoded stands for: base64 of our own or of WAHA, or where a URL might have stood.
STREAMED_FIELDS = ("data_base64", "url")
BASE64_PATHS = (OWN_BASE64, WAHA_BASE64, EVOLUTION_MEDIA)

_SOURCES = ("data_base64", "url", "media_id", "media_path")
_OWN_BESIDE = ("message_id", "sha256", "ptt", "mime_type", "caption", "file_name", "type", "to", *_SOURCES)
_CLOUD = {"link": "url", "id": "media_id", "caption": "caption", "filename": "file_name", "voice": "ptt"}
# WhatsApp Cloud API: the media stands in an object called as its type.
CLOUD: Mapping[str, Mapping[Path, str]] = {
    kind: {(kind, theirs): ours for theirs, ours in _CLOUD.items()} for kind in kinds.DEFAULTS
}
# Evolution API, sendMedia: `media` is a URL or base64.
EVOLUTION: Mapping[Path, str] = {
    ("number",): "to",
    ("mediatype",): "type",
    ("mimetype",): "mime_type",
    ("fileName",): "file_name",
    EVOLUTION_MEDIA: "url",
}
# WAHA, sendImage and the like: the type stands in the route there, and here follows from the declared one.
WAHA: Mapping[Path, str] = {
    ("chatId",): "to",
    ("file", "url"): "url",
    WAHA_BASE64: "data_base64",
    ("file", "mimetype"): "mime_type",
    ("file", "filename"): "file_name",
}


@dataclass(frozen=True, kw_only=True)
class Translated:
    """The fields in our own words, and the names of what was ignored; None where the form is our own."""

    fields: dict[str, Any]
    ignored: list[str] | None = field(default=None)


def translate(fields: dict[str, Any]) -> Translated:
    """Our own words for whatever form this is. Errors: `SourceAmbiguous`, `Malformed` where two members disagree."""
    table = _table_of(fields)
    if table is None:
        return Translated(fields=fields)
    ours: dict[str, Any] = {}
    said_by: dict[str, str] = {}
    ignored = []
    for path, value in _leaves(fields, nested={path[0] for path in table if len(path) > 1}):
        name = table.get(path) or (path[0] if path[0] in _OWN_BESIDE and len(path) == 1 else None)
        if name is None:
            ignored.append(".".join(path))
        elif ours.get(name) is None:
            ours[name], said_by[name] = value, ".".join(path)
        elif value is not None and (value != ours[name] or name in _SOURCES):
            raise _two_words(name, said_by[name], ".".join(path))
    if table is WAHA:
        ours.setdefault("type", mime_types.natural_kind(mime_types.normalise(_text(ours.get("mime_type")))))
    return Translated(fields=ours, ignored=sorted(ignored))


def _two_words(name: str, *members: str) -> Problem:
    first, second = sorted(members)
    if name in _SOURCES:
        detail = f"Give one source only; here are {first}, {second}."
        return SourceAmbiguous(detail, fields=[first, second])
    return Malformed(f"{first} and {second} both say {name}, and not the same; give one of them.")


def _table_of(fields: Mapping[str, Any]) -> Mapping[Path, str] | None:
    if "mediatype" in fields or ("number" in fields and "media" in fields):
        return EVOLUTION
    if isinstance(fields.get("file"), Mapping) or "chatId" in fields:
        return WAHA
    named = fields.get("type")
    objects = [kind for kind in kinds.DEFAULTS if isinstance(fields.get(kind), Mapping)]
    if named in objects:
        return CLOUD[named]
    return CLOUD[objects[0]] if len(objects) == 1 and named is None else None


def _leaves(fields: Mapping[str, Any], *, nested: set[str]) -> Iterator[tuple[Path, Any]]:
    """Each value with its path; into the objects that the form itself has, and no others."""
    for name, value in fields.items():
        if name in nested and isinstance(value, Mapping):
            yield from (((name, inner), within) for inner, within in value.items())
        else:
            yield (name,), value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
