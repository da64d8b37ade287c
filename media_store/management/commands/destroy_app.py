"""`manage.py destroy_app`: an app goes, with its keys, its devices and all their media."""

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
from media_store.management.subjects import destroyed_app_called
from media_store.models import Media


class Command(Destruction):
    """Destroy an app."""

    help = (
        "Destroy an app. It is marked at once, and from then on none of its keys opens anything; then the media of "
        "its devices and its plain uploads are removed in batches, the objects are deleted, and its row goes last. "
        "What it had stays on record for AUDIT_DAYS: export_destruction tells. A legal hold on any of it refuses all."
    )
    examples: ClassVar[str] = """
  manage.py destroy_app "Web shop"
  manage.py destroy_app 0197a3c4-6b1f-7a22-9c3d-4e5f60718293 --yes --json
  manage.py destroy_app "Web shop" --no-wait           only mark it, and leave the rest to the workers

Interrupted or killed, it can be run again, and goes on; so do the workers, where there are any. An upload that was
under way may keep an object, and with it the app's row, for a day: the workers or another run take it then.

With --json, one object on stdout: app_id, app_name, destroyed_at, destroyed_by, removed_at, status (removing,
collecting, done), media, bytes, media_left, objects_left, bytes_left; what this command did itself: rows,
objects_deleted, bytes_freed; error.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the app."""
        parser.add_argument("app", metavar="APP", help="the app: its id, or its name if only one has it")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Show what it has, ask, and destroy it."""
        try:
            app = app_called(options["app"])
        except CommandError as unknown:
            subject = _destroyed(options["app"], unknown)
        else:
            self._ask(app, yes=options["yes"])
            subject = _living(app)
        self.destroy(subject, options)

    def _ask(self, app: App, *, yes: bool) -> None:
        media = Media.objects.filter(app=app)
        size = media.stored().aggregate(bytes=Coalesce(Sum("size"), 0))["bytes"]
        devices = Device.objects.living().filter(app=app).count()
        tell = self.say if yes else self.show
        tell(
            f"The app {app.name!r} ({app.pk}) has {counted(devices, 'device')} and "
            f"{counted(media.count(), 'media', 'media')}, {written_size(size)}."
        )
        self.ask("Destroy it with all of them?", yes=yes)


def _living(app: App) -> Subject:
    return Subject(
        what=f"app {app.name}",
        media=Media.objects.filter(app=app),
        mark=lambda: destruction.destroy_app(app, now=timezone.now(), by=operator()),
        account=lambda: accounts.account_of_app(app.pk),
    )


def _destroyed(text: str, unknown: CommandError) -> Subject:
    try:
        gone = destroyed_app_called(text)
    except CommandError:
        raise unknown from None
    return Subject(
        what=f"app {gone.name}",
        media=Media.objects.filter(app_id=gone.app_id),
        mark=None,
        account=lambda: accounts.account_of_app(gone.app_id),
    )
