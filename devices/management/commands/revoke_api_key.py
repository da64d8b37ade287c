"""`manage.py revoke_api_key`: a key opens nothing any more."""

from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from devices import ids, keys
from devices.management.door import Door, operator, written
from devices.models import ApiKey


class Command(Door):
    """Revoke a key."""

    help = "Revoke an API key: from this moment on it opens nothing. Revoking it again changes nothing."
    examples: ClassVar[str] = """
  manage.py revoke_api_key 0197a3c4-6b1f-7a22-9c3d-4e5f60718293      its id, from list_api_keys
  manage.py revoke_api_key mhk_4Gq0Zt7w                              or its first 12 characters

A leaked token is best revoked by its first 12 characters: a whole token would stay in the shell's history.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the key."""
        parser.add_argument("key", metavar="KEY", help="the id of the key, or the first 12 characters of its token")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Revoke it."""
        key = _key_called(options["key"])
        revoked = keys.revoke(key, now=timezone.now(), by=operator())
        key.refresh_from_db()
        self.tell(
            result={"key_id": str(key.pk), "app_id": str(key.app_id), "revoked_at": written(key.revoked_at)},
            plain=str(key.pk),
            talk=f"Revoked {key}." if revoked else f"{key} was revoked already.",
            as_json=options["json"],
        )


def _key_called(text: str) -> ApiKey:
    # Only the stored prefix is compared, so that a whole token pasted here is found too.
    by_prefix = ApiKey.objects.filter(prefix=text[: keys.SHOWN_CHARACTERS])
    key_id = ids.parsed(text)
    found = list((ApiKey.objects.filter(pk=key_id) if key_id else by_prefix)[:2])
    if not found:
        message = "There is no such key; list_api_keys shows the ids."
        raise CommandError(message)
    if len(found) > 1:
        message = "Several keys begin like this; give the id, which list_api_keys shows."
        raise CommandError(message)
    return found[0]
