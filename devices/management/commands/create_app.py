"""`manage.py create_app`: a new tenant."""

from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.utils import timezone

from devices import registry
from devices.management.door import Door


class Command(Door):
    """Create an app."""

    help = "Create an app: a tenant, to which keys, devices and media belong. Writes its id."
    examples: ClassVar[str] = """
  manage.py create_app "Web shop"
  APP=$(manage.py create_app "Web shop")      the id alone goes to stdout
  manage.py create_app "Web shop" --json      {"app_id": "…", "name": "Web shop"}

Then issue a key with issue_api_key, and create a device with create_device.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the name."""
        parser.add_argument("name", metavar="NAME", help="what people call the app; names may repeat, ids do not")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Create it."""
        app = registry.create_app(name=options["name"], now=timezone.now())
        self.tell(
            result={"app_id": str(app.pk), "name": app.name},
            plain=str(app.pk),
            talk=f"Created the app {app.name!r}. Next: manage.py issue_api_key --app {app.pk} --scope …",
            as_json=options["json"],
        )
