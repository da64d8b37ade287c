"""`manage.py hold_media`: a legal hold on a media, a device or an app."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from devices.management import expiry
from devices.management.door import USAGE, Door, app_called, operator
from devices.models import App, Device
from media_store import retention
from media_store.management.subjects import device_called, media_called
from media_store.management.telling import hold_facts
from media_store.models import Media


class Command(Door):
    """Set a hold."""

    help = (
        "Put a media, a device or an app under a legal hold. Until it is released, or ends by its own date, nothing "
        "of it goes: no rule, purge, client's delete, device's or app's end takes it. Writes the id of the hold."
    )
    examples: ClassVar[str] = """
  manage.py hold_media --path media/…/….jpg --reason "case 12/2026, letter of 3 March"
  manage.py hold_media --app "Web shop" --device "shop phone" --reason "case 12/2026" --until 2027-01-01
  manage.py hold_media --app "Web shop" --reason "audit" --until 90d
  manage.py hold_media --app "Web shop" --reason "audit" --json
                       {"hold_id": 7, "scope": "app", "subject": "Web shop", "app_id": "…", "device_id": null, …}

A hold on an app or a device also keeps what comes to it later. What has expired is still answered with 410, and is
kept. list_holds shows the holds, release_hold ends one.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what is held, why, and until when."""
        parser.add_argument("--app", metavar="APP", help="the app: its id, or its name if only one has it")
        narrower = parser.add_mutually_exclusive_group()
        narrower.add_argument("--device", metavar="DEVICE", help="a device: its id, or its name if only one has it")
        narrower.add_argument("--path", metavar="PATH", help="the media of this path")
        parser.add_argument("--reason", required=True, metavar="WHY", help="the case, the order, who asked for it")
        parser.add_argument(
            "--until",
            type=expiry.parsed,
            default=None,
            metavar="WHEN",
            help="12h, 90d or 8w from now, 2027-01-01 (UTC), or never: until it is released (default)",
        )
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Set it."""
        now = timezone.now()
        subject = _subject(options)
        until = expiry.moment(options["until"], now=now)
        held = retention.hold(subject, reason=options["reason"], until=until, by=operator(), now=now)
        end = f"until {until:%Y-%m-%d %H:%M} UTC" if until else "until it is released"
        self.tell(
            result=hold_facts(held),
            plain=str(held.pk),
            talk=f"Hold {held.pk}: the {held.scope} {held.subject!r} stays {end}.",
            as_json=options["json"],
        )


def _subject(options: Mapping[str, Any]) -> Media | Device | App:
    app = app_called(options["app"]) if options["app"] is not None else None
    if options["path"] is not None:
        return _media(options["path"], app)
    if options["device"] is not None:
        return device_called(options["device"], app=app)
    if app is None:
        raise CommandError("Say what is to be held: --app, --device or --path.", returncode=USAGE)
    return app


def _media(path: str, app: App | None) -> Media:
    media = media_called(path)
    if app is not None and media.app_id != app.pk:
        raise CommandError(f"The media of this path belongs to another app than {app.name!r}.")
    if media.purged_at is not None:
        raise CommandError(f"The bytes of {path!r} went on {media.purged_at:%Y-%m-%d}: there is nothing left to hold.")
    return media
