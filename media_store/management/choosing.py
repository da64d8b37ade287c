"""Choosing: which media an operator's purge is about, from what he typed."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError, CommandParser

from devices.management.door import USAGE, app_called
from media_store import kinds
from media_store.management import measures
from media_store.management.subjects import device_called
from media_store.models import Media, MediaQuerySet


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The media, the choice as it was typed, and whether only what expired was chosen."""

    rows: MediaQuerySet
    typed: str
    is_expired_only: bool

    @property
    def reason(self) -> str:
        """What tombstones give."""
        return "retention" if self.is_expired_only else "staff"


def add_arguments(parser: CommandParser) -> None:
    """Offer what chooses and what narrows."""
    choosers = parser.add_argument_group("choose (several: media must meet all of them)")
    choosers.add_argument("--expired", action="store_true", help="past their time; what is chosen without a chooser")
    choosers.add_argument(
        "--before", type=measures.age, metavar="WHEN", help="created before 2026-01-01 (UTC), or longer ago than 30d"
    )
    choosers.add_argument("--larger-than", type=measures.size, metavar="SIZE", help="of more bytes: 500, 200KB, 10MB")
    narrowers = parser.add_argument_group("narrow (what was chosen, to these)")
    narrowers.add_argument("--app", metavar="APP", help="an app: its id, or its name if only one has it")
    narrowers.add_argument("--device", metavar="DEVICE", help="a device: its id, or its name if only one has it")
    narrowers.add_argument("--kind", choices=list(kinds.DEFAULTS), help="a kind of media")
    narrowers.add_argument("--direction", choices=Media.Direction.values, help="which way they travelled")


def choice_of(options: Mapping[str, Any], *, now: dt.datetime) -> Choice:
    """What was chosen. Raises CommandError, as wrong usage."""
    only_expired = _is_expired_only(options)
    rows = Media.objects.stored()
    if only_expired:
        rows = rows.expired(now=now)
    if options["before"] is not None:
        rows = rows.filter(created_at__lt=_before(options["before"], now=now))
    if options["larger_than"] is not None:
        rows = rows.filter(size__gt=options["larger_than"])
    return Choice(rows=_narrowed(rows, options), typed=_typed(options, now=now), is_expired_only=only_expired)


def _narrowed(rows: MediaQuerySet, options: Mapping[str, Any]) -> MediaQuerySet:
    try:
        app = app_called(options["app"]) if options["app"] is not None else None
        device = device_called(options["device"], app=app) if options["device"] is not None else None
    except CommandError as error:
        # Here a name is a part of the choice: one that is wrong chooses nothing that was meant.
        raise CommandError(str(error), returncode=USAGE) from error
    wanted = {"app": app or (device and device.app), "device": device}
    wanted |= {"kind": options["kind"], "direction": options["direction"]}
    return rows.filter(**{column: value for column, value in wanted.items() if value})


def _is_expired_only(options: Mapping[str, Any]) -> bool:
    return bool(options["expired"] or (options["before"] is None and options["larger_than"] is None))


def _before(typed: dt.timedelta | dt.datetime, *, now: dt.datetime) -> dt.datetime:
    before = now - typed if isinstance(typed, dt.timedelta) else typed
    if before > now:
        message = f"--before {before:%Y-%m-%d %H:%M} lies in the future, and would choose everything there is."
        raise CommandError(message, returncode=USAGE)
    return before


def _typed(options: Mapping[str, Any], *, now: dt.datetime) -> str:
    """For the run and for the trail. A span is told as the moment that it meant."""
    names = ("app", "device", "kind", "direction", "larger_than")
    words = [f"--{name.replace('_', '-')} {options[name]}" for name in names if options[name] is not None]
    if options["before"] is not None:
        words.append(f"--before {_before(options['before'], now=now):%Y-%m-%dT%H:%M:%SZ}")
    if _is_expired_only(options):
        words.append("--expired")
    return " ".join(words)
