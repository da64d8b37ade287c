"""`manage.py issue_api_key`: a new key of an app, its token shown once."""

import argparse
from itertools import chain
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.utils import timezone

from devices import keys
from devices.management import expiry
from devices.management.door import Door, add_app_argument, app_called, operator, written
from devices.models import ApiKey
from devices.scopes import Scope

_SCOPES = "\n".join(f"  {scope.value:<12} {scope.label}" for scope in Scope)


class Command(Door):
    """Issue a key."""

    help = "Issue an API key of an app. Writes the token, this once: it is kept nowhere."
    examples: ClassVar[str] = f"""
  manage.py issue_api_key --app "Web shop" --scope media:read --scope media:write --expires 90d
  KEY=$(manage.py issue_api_key --app "Web shop" --scope media:read --expires never)
  manage.py issue_api_key --app "Web shop" --scope gateway --name "phone farm" --expires 2027-01-01 --json
                                 {{"key": "mhk_…", "key_id": "…", "app_id": "…", "scopes": […], "expires_at": "…"}}

scopes:
{_SCOPES}

Several keys may live at once: issue the next one, hand it out, then revoke the last with revoke_api_key.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the app, the scopes and the expiry."""
        add_app_argument(parser)
        parser.add_argument(
            "--scope",
            required=True,
            action="extend",
            nargs="+",
            type=_scopes,
            metavar="SCOPE",
            help="what the key may do; repeat it, or give several (scopes are listed below)",
        )
        parser.add_argument(
            "--expires",
            type=expiry.parsed,
            default=None,
            metavar="WHEN",
            help="12h, 90d or 8w from now, 2027-01-01 (UTC), or never (default)",
        )
        parser.add_argument("--name", default="", metavar="NAME", help="what the key is for")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Issue it."""
        now = timezone.now()
        key, token = keys.issue_key(
            app=app_called(options["app"]),
            name=options["name"],
            scopes=chain.from_iterable(options["scope"]),
            expires_at=expiry.moment(options["expires"], now=now),
            now=now,
            by=operator(),
        )
        self.tell(
            result=_flat(key, token=token),
            plain=token,
            talk=f"Issued the key {key.pk} with {', '.join(key.scopes)}; store it now, it is not shown again.",
            as_json=options["json"],
            if_lost=f"The key {key.pk} was issued all the same, and nobody has seen it; "
            f"revoke it: manage.py revoke_api_key {key.pk}",
        )


def _scopes(text: str) -> list[str]:
    """One scope, or several with commas between them."""
    scopes = text.split(",")
    for scope in scopes:
        if scope not in Scope.values:
            message = f"there is no scope {scope!r}; choose from {', '.join(Scope.values)}"
            raise argparse.ArgumentTypeError(message)
    return scopes


def _flat(key: ApiKey, *, token: str) -> dict[str, object]:
    return {
        "key": token,
        "key_id": str(key.pk),
        "app_id": str(key.app_id),
        "name": key.name,
        "scopes": key.scopes,
        "expires_at": written(key.expires_at),
    }
