"""`manage.py rotate_webhook_secret`: a new secret, the one before it for a while."""

import argparse
import re
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.utils import timezone

from devices import webhooks
from devices.management.door import Door, written
from devices.management.webhooks import add_webhook_argument, flat, webhook_called


def _overlap(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > webhooks.LONGEST_OVERLAP_SECONDS:
        message = f"{text!r} is no number from 0 to {webhooks.LONGEST_OVERLAP_SECONDS}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


class Command(Door):
    """Rotate the secret of a webhook."""

    help = "Give a webhook a new secret. Writes it, this once. Until the overlap is over the old one signs too."
    examples: ClassVar[str] = """
  manage.py rotate_webhook_secret 0197a3c6-1f3e-7c55-9e6f-708192a3b4c5                       a day to change over
  manage.py rotate_webhook_secret 0197a3c6-1f3e-7c55-9e6f-708192a3b4c5 --overlap-seconds 0   the old one has leaked
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the webhook and the overlap."""
        add_webhook_argument(parser)
        parser.add_argument(
            "--overlap-seconds",
            type=_overlap,
            default=webhooks.OVERLAP_SECONDS,
            metavar="N",
            help=f"how long both sign: 0 to {webhooks.LONGEST_OVERLAP_SECONDS} (default: a day)",
        )
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Rotate it."""
        endpoint = webhook_called(options["webhook"])
        secret = webhooks.rotate(endpoint, overlap_seconds=options["overlap_seconds"], now=timezone.now())
        until = written(endpoint.previous_secret_until)
        old_one = f"signs too until {until}" if options["overlap_seconds"] else "signs no more"
        self.tell(
            result=flat(endpoint, secret=secret),
            plain=secret,
            talk=f"Store it now, it is not shown again. The secret before it {old_one}.",
            as_json=options["json"],
            # Rotated again, the lost one takes the place of the one before it.
            if_lost=f"The secret was rotated all the same, and nobody has seen it; rotate it again: "
            f"manage.py rotate_webhook_secret {endpoint.pk} (the one that its receiver has signs no more then)",
        )
