"""`manage.py create_device`: a new device of an app."""

from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.utils import timezone

from devices import registry
from devices.management.door import Door, add_app_argument, app_called


class Command(Door):
    """Create a device."""

    help = "Create a device of an app: a phone or number, which sends and receives media. Writes its id."
    examples: ClassVar[str] = """
  manage.py create_device --app "Web shop" --name "shop phone"
  DEVICE=$(manage.py create_device --app "Web shop" --name "shop phone")
  manage.py create_device --app "Web shop" --name "shop phone" --json
                                             {"device_id": "…", "app_id": "…", "name": "shop phone"}
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the app and the name."""
        add_app_argument(parser)
        parser.add_argument("--name", required=True, metavar="NAME", help="unique among the devices of the app")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Create it."""
        app = app_called(options["app"])
        device = registry.create_device(app=app, name=options["name"], now=timezone.now())
        self.tell(
            result={"device_id": str(device.pk), "app_id": str(app.pk), "name": device.name},
            plain=str(device.pk),
            talk=f"Created the device {device.name!r} of the app {app.name!r}.",
            as_json=options["json"],
        )
