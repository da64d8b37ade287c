"""`manage.py destroy_device`: a device goes, and all its media with it."""

from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from devices import destruction
from devices.management.door import app_called, operator
from devices.models import App, Device
from media_store import accounts
from media_store.management.destroying import Destruction, Subject
from media_store.management.measures import counted, written_size
from media_store.management.subjects import destroyed_device_called, device_called
from media_store.models import Media


class Command(Destruction):
    """Destroy a device."""

    help = (
        "Destroy a device. It is marked at once, and from then on nothing of it can be reached; then its media are "
        "removed in batches, its row last, and the objects that no other media refers to are deleted. What it had "
        "stays on record for AUDIT_DAYS: export_destruction tells. A legal hold on any of it refuses it all."
    )
    examples: ClassVar[str] = """
  manage.py destroy_device 0197a3c4-6b1f-7a22-9c3d-4e5f60718293
  manage.py destroy_device "shop phone" --app "Web shop" --yes
  manage.py destroy_device 0197a3c4-6b1f-7a22-9c3d-4e5f60718293 --no-wait
                                             only mark it, and leave the rest to the workers

Interrupted or killed, it can be run again with the same id, and goes on; so do the workers, where there are any.

With --json, one object on stdout: device_id, device_name, destroyed_at, destroyed_by, removed_at, status (removing,
collecting, done), media, bytes, media_left, objects_left, bytes_left, objects_shared (other media of the app carry
them too and keep them); what this command did itself: rows, objects_deleted, bytes_freed; error.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the device."""
        parser.add_argument("device", metavar="DEVICE", help="the device: its id, or its name if only one has it")
        parser.add_argument("--app", metavar="APP", help="the app that it belongs to: its id or name")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Show what it has, ask, and destroy it."""
        app = app_called(options["app"]) if options["app"] is not None else None
        try:
            device = device_called(options["device"], app=app)
        except CommandError as unknown:
            subject = _destroyed(options["device"], app, unknown)
        else:
            self._ask(device, yes=options["yes"])
            subject = _living(device)
        self.destroy(subject, options)

    def _ask(self, device: Device, *, yes: bool) -> None:
        media = Media.objects.filter(device=device)
        size = media.stored().aggregate(bytes=Coalesce(Sum("size"), 0))["bytes"]
        tell = self.say if yes else self.show
        tell(
            f"The device {device.name!r} ({device.pk}) of the app {device.app.name!r} has "
            f"{counted(media.count(), 'media', 'media')}, {written_size(size)}."
        )
        self.ask("Destroy it with all of them?", yes=yes)


def _living(device: Device) -> Subject:
    return Subject(
        what=f"device {device.name}",
        media=Media.objects.filter(device=device),
        mark=lambda: destruction.destroy(device, now=timezone.now(), by=operator()),
        account=lambda: accounts.account_of(app_id=device.app_id, device_id=device.pk),
    )


def _destroyed(text: str, app: App | None, unknown: CommandError) -> Subject:
    try:
        gone = destroyed_device_called(text, app_id=app.pk if app else None)
    except CommandError:
        raise unknown from None
    device_id = gone.device_id
    if device_id is None:
        raise unknown
    return Subject(
        what=f"device {gone.name}",
        media=Media.objects.filter(device_id=device_id),
        mark=None,
        account=lambda: accounts.account_of(app_id=gone.app_id, device_id=device_id),
    )
