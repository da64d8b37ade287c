"""`manage.py set_media_kinds`: what an app may send, where it differs from the installation."""

import json
from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser

from devices import registry
from devices.management.door import Door, add_app_argument, app_called
from devices.models import App
from media_store import kinds
from media_store.ingest import kinds_of


class Command(Door):
    """Set or clear an app's override of the media kinds."""

    help = (
        "Change the types and limits of the kinds of media that one app may send. The change is JSON, as in "
        "MEDIA_KINDS: kind, then any of types (a list, or null for any), max_bytes, animated_max_bytes. "
        "Without --kinds and --clear it shows what is in force. Nothing goes above MEDIA_MAX_BYTES."
    )
    examples: ClassVar[str] = """
  manage.py set_media_kinds --app "Web shop"
  manage.py set_media_kinds --app "Web shop" --kinds '{"image": {"max_bytes": 10485760}}'
  manage.py set_media_kinds --app "Web shop" --kinds '{"document": {"types": ["application/pdf"]}}'
  manage.py set_media_kinds --app "Web shop" --clear
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the app and the change."""
        add_app_argument(parser)
        change = parser.add_mutually_exclusive_group()
        change.add_argument("--kinds", metavar="JSON", help="the app's override; it replaces an earlier one")
        change.add_argument("--clear", action="store_true", help="take the app's override away")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Check the whole of what would be in force, then write it."""
        app = app_called(options["app"])
        talk = f"The media kinds of the app {app.name!r}:"
        if options["clear"] or options["kinds"] is not None:
            _set(app, None if options["clear"] else _parsed(options["kinds"]))
            talk = f"Changed the media kinds of the app {app.name!r} to:"
        result = {"app_id": str(app.pk), **kinds.limits_document(kinds_of(app))}
        self.tell(result=result, plain=json.dumps(result["kinds"], indent=2), talk=talk, as_json=options["json"])


def _parsed(text: str) -> Any:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else error
        message = f"--kinds is not valid JSON: {why}"
        raise CommandError(message, returncode=2) from error
    if parsed is None:
        # To the app's row None is no override: what was meant to set one would take it away.
        raise CommandError("The kinds must be a JSON object, not null; --clear takes an app's override away.")
    return parsed


def _set(app: App, override: Any) -> None:
    app.media_kinds = override
    try:
        kinds_of(app)
    except ValueError as error:
        raise CommandError(str(error)) from error
    registry.set_media_kinds(app, override=override)
