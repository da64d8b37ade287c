"""`manage.py create_demo`: a tenant to try the API with."""

from dataclasses import asdict
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.utils import timezone

from devices.demo import NAMES, demo_file, ensure_demo
from devices.demo_walk import walk
from devices.management.door import Door

DEFAULT_URL = "http://127.0.0.1:8000"


class Command(Door):
    """Create the demo."""

    help = (
        "Create a demo app with a device, a client key, a gateway key and an admin login, and write them to "
        "demo.env in the var folder (mode 600). Run again, it keeps what is there. Writes curl lines to paste."
    )
    examples: ClassVar[str] = """
  manage.py create_demo
  manage.py create_demo --url https://media.example.org
  manage.py create_demo --json      {"MEDIAHUB_URL": "…", "MEDIAHUB_KEY": "…", …}
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the address."""
        parser.add_argument(
            "--url", default=DEFAULT_URL, metavar="URL", help=f"where the service answers (default: {DEFAULT_URL})"
        )
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Create it."""
        credentials = ensure_demo(now=timezone.now(), url=options["url"].rstrip("/"))
        values = asdict(credentials)
        self.tell(
            result={name: values[field] for field, name in NAMES.items()},
            plain=walk(credentials),
            talk=f"The demo's credentials are in {demo_file()}.",
            as_json=options["json"],
        )
