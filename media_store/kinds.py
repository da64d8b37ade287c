"""Kinds: the classes of media that messages carry, their types and limits; and what types are to MediaHub.

The defaults are the network's own (WhatsApp Cloud API, media reference of December 2025). They are checked when
a message is sent; what arrives, and what is uploaded without a message, is stored whatever it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from media_store.errors import MimeMismatch, TooLarge, TypeNotAllowed
from media_store.mime_types import (
    SERVED_TYPES,
    UNKNOWN,
    extension,
    is_inline,
    natural_kind,
    normalise,
    served_type,
)
from media_store.sniffing import is_animated_webp

__all__ = [
    "DEFAULTS",
    "SERVED_TYPES",
    "UNKNOWN",
    "Kind",
    "check",
    "extension",
    "is_animated_webp",
    "is_inline",
    "kinds_from",
    "limits_document",
    "natural_kind",
    "normalise",
    "served_type",
]

KB, MB = 1_024, 1_048_576


@dataclass(frozen=True)
class Kind:
    """One class of media. `mime_types` None carries any type; `animated_max_bytes` is the limit of what moves."""

    name: str
    mime_types: tuple[str, ...] | None
    max_bytes: int
    animated_max_bytes: int | None = None

    @property
    def most_bytes(self) -> int:
        """More than any media of this kind may have: where reading may stop before the type is known."""
        return max(self.max_bytes, self.animated_max_bytes or 0)

    def allows(self, mime: str) -> bool:
        """Whether the kind carries this type."""
        return self.mime_types is None or mime in self.mime_types

    def limit_bytes(self, *, animated: bool) -> int:
        """The most bytes that one such media may have."""
        return self.max_bytes if not animated or self.animated_max_bytes is None else self.animated_max_bytes


_SOUNDS = ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg")
DEFAULTS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("image", ("image/jpeg", "image/png"), 5 * MB),
        Kind("video", ("video/mp4", "video/3gpp"), 16 * MB),
        Kind("audio", _SOUNDS, 16 * MB),
        Kind("document", None, 100 * MB),
        Kind("sticker", ("image/webp",), 100 * KB, animated_max_bytes=500 * KB),
    )
}


def check(*, kind: Kind, declared: str | None, detected: str, size: int, animated: bool) -> str:
    """The type to store media under: what the bytes are, where the kind carries that.

    In this order:
    1. The bytes decide. Are they a type that the kind carries, then the declared type, whatever it says, is only
       advice, and is corrected.
    2. They are not. Is the declared type none that the kind carries either, then the sender meant to send such
       media, and `TypeNotAllowed` names the declared type: another kind is the remedy.
    3. Was an allowed type declared, or none (no type, application/octet-stream, garbage), then the bytes are not
       what the sender thinks, and `MimeMismatch` names what was found.
    4. Only then the size, whose limit may rest on the type: `TooLarge`.
    """
    if not kind.allows(detected):
        raise _refusal(kind=kind, declared=normalise(declared), detected=detected)
    limit = kind.limit_bytes(animated=animated)
    if size > limit:
        raise TooLarge(limit_bytes=limit, actual_bytes=size, what=_what(kind, animated=animated))
    return detected


def _refusal(*, kind: Kind, declared: str, detected: str) -> TypeNotAllowed | MimeMismatch:
    allowed = list(kind.mime_types or ())
    choice = f"Media of type {kind.name} may be {', '.join(allowed)}."
    if declared in ("", UNKNOWN) or kind.allows(declared):
        detail = f"The bytes are {detected}. {choice}"
        return MimeMismatch(detail, detected_mime_type=detected, allowed_mime_types=allowed)
    detail = f"{declared} was declared. {choice}"
    return TypeNotAllowed(detail, declared_mime_type=declared, allowed_mime_types=allowed)


def _what(kind: Kind, *, animated: bool) -> str:
    if kind.animated_max_bytes is None:
        return f"Media of type {kind.name}"
    return f"Media of type {kind.name}, {'animated' if animated else 'still'},"


def limits_document(kinds: Mapping[str, Kind], *, max_bytes: int | None = None) -> dict[str, object]:
    """What GET /v1/limits says: what `kinds_from` reads, so that an answer can be edited into an override.

    `max_bytes` is the limit of media without a message, the largest of the kinds' where it is not given.
    """
    most = max(kind.most_bytes for kind in kinds.values()) if max_bytes is None else max_bytes
    return {"max_bytes": most, "kinds": {kind.name: _shown(kind) for kind in kinds.values()}}


def _shown(kind: Kind) -> dict[str, object]:
    types = None if kind.mime_types is None else list(kind.mime_types)
    return {"types": types, "max_bytes": kind.max_bytes, "animated_max_bytes": kind.animated_max_bytes}


def kinds_from(
    override: Mapping[str, object] | None, *, max_bytes: int, base: Mapping[str, Kind] = DEFAULTS
) -> dict[str, Kind]:
    """The kinds of `base`, with what `override` says otherwise, none above `max_bytes`.

    `override` is JSON: kind → any of `types` (a list, or null for any), `max_bytes`, `animated_max_bytes`.
    An installation's override is the `base` of an app's own. Errors: `ValueError` with a sentence that says
    what to write.
    """
    changed = dict(base)
    for name, fields in _object({} if override is None else override, what="The kinds").items():
        if name not in base:
            message = f"{name!r} is no kind of media; the kinds are {', '.join(base)}."
            raise ValueError(message)
        changed[name] = _changed(changed[name], _object(fields, what=f"The kind {name}"))
    return {name: _capped(kind, max_bytes) for name, kind in changed.items()}


def _capped(kind: Kind, max_bytes: int) -> Kind:
    animated = None if kind.animated_max_bytes is None else min(kind.animated_max_bytes, max_bytes)
    return replace(kind, max_bytes=min(kind.max_bytes, max_bytes), animated_max_bytes=animated)


def _changed(kind: Kind, fields: Mapping[str, object]) -> Kind:
    known = {"types", "max_bytes", "animated_max_bytes"}
    if unknown := sorted(fields.keys() - known):
        message = f"The kind {kind.name} has no {', '.join(unknown)}; it has {', '.join(sorted(known))}."
        raise ValueError(message)
    if "types" in fields:
        kind = replace(kind, mime_types=_types(fields["types"], name=kind.name))
    if "max_bytes" in fields:
        kind = replace(kind, max_bytes=_size(fields["max_bytes"], name=kind.name))
    if "animated_max_bytes" in fields:
        animated = fields["animated_max_bytes"]
        kind = replace(kind, animated_max_bytes=None if animated is None else _size(animated, name=kind.name))
    return kind


def _object(value: object, *, what: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        message = f"{what} must be a JSON object, not {value!r}."
        raise ValueError(message)  # noqa: TRY004 - one type of error, whatever is wrong with the setting
    return value


def _size(value: object, *, name: str) -> int:
    # True is an int to Python, and no size to anybody.
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        message = f"A size of the kind {name} must be a whole number of bytes above 0, not {value!r}."
        raise ValueError(message)
    return value


def _types(value: object, *, name: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not value:
        message = f"The types of the kind {name} must be a list of types, or null for any, not {value!r}."
        raise ValueError(message)
    return tuple(dict.fromkeys(_type(item, name=name) for item in value))


def _type(value: object, *, name: str) -> str:
    mime = normalise(value) if isinstance(value, str) else ""
    if not mime:
        message = f"{value!r} in the types of the kind {name} is no type such as image/png."
        raise ValueError(message)
    return mime
