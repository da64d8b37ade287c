#!/usr/bin/env python
"""Commands of MediaHub; without one, it lists them."""

import os
import sys


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediahub.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - after the settings are named

    from mediahub.environment import WrongSetting  # noqa: PLC0415 - as above

    try:
        execute_from_command_line(sys.argv)
    except WrongSetting as error:
        sys.exit(f"MediaHub cannot start: {error}")


if __name__ == "__main__":
    main()
