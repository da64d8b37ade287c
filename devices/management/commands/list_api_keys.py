"""`manage.py list_api_keys`: who may come in, and who could once."""

import datetime as dt
import json
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.utils import timezone

from devices.management.door import Door, add_app_argument, app_called, written
from devices.management.output import shown
from devices.models import ApiKey

_COLUMNS = "{state:<8} {key_id:<36} {prefix:<12} {last_used:<16} {expires:<16} {scopes}  {name}"


class Command(Door):
    """List the keys of an app."""

    help = "List the API keys of an app, oldest first: live ones, or with --all dead ones too. No token is shown."
    examples: ClassVar[str] = """
  manage.py list_api_keys --app "Web shop"
  manage.py list_api_keys --app "Web shop" --all
  manage.py list_api_keys --app "Web shop" --json      a list of {"key_id", "name", "prefix", "scopes", "state", …}
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the app."""
        add_app_argument(parser)
        parser.add_argument("--all", action="store_true", help="revoked and expired keys too")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """List them."""
        now = timezone.now()
        keys = ApiKey.objects.for_app(app_called(options["app"])).order_by("pk")
        rows = [_flat(key, now=now) for key in (keys if options["all"] else keys.live(now=now))]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            self.stdout.write(shown(_line(row)))
        self.stderr.write(f"{len(rows)} key{'' if len(rows) == 1 else 's'}.", self.style.SUCCESS)


def _flat(key: ApiKey, *, now: dt.datetime) -> dict[str, Any]:
    return {
        "key_id": str(key.pk),
        "app_id": str(key.app_id),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "state": key.state(now=now),
        "created_at": written(key.created_at),
        "expires_at": written(key.expires_at),
        "revoked_at": written(key.revoked_at),
        "last_used_at": written(key.last_used_at),
    }


def _line(row: dict[str, Any]) -> str:
    return _COLUMNS.format(
        **row | {"scopes": ",".join(row["scopes"])},
        last_used=(row["last_used_at"] or "never used")[:16],
        expires=(row["expires_at"] or "never expires")[:16],
    ).rstrip()
