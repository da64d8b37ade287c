"""`manage.py settings_table`: the documentation of all settings."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from mediahub import settings_table


class Command(BaseCommand):
    """Prints the table, or writes the files made from it."""

    help = "Prints all settings as Markdown; --write renews docs/settings.md and .env.example."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where it goes."""
        parser.add_argument("--write", action="store_true", help="write the two files instead of printing")

    def handle(self, *_args: Any, write: bool, **_options: Any) -> None:
        """Print or write."""
        if not write:
            self.stdout.write(settings_table.markdown(settings.SETTINGS_TABLE))
            return
        base = Path(settings.BASE_DIR)
        (base / "docs" / "settings.md").write_text(settings_table.markdown(settings.SETTINGS_TABLE))
        (base / ".env.example").write_text(settings_table.dotenv(settings.SETTINGS_TABLE))
