"""`manage.py webhook_listener`: a receiver to try webhooks with, which verifies and shows what comes."""

import os
from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser

from devices.management.door import Door
from devices.management.listening import Listener, Shown
from devices.webhooks import signing

DEFAULT_PORT = 9000
VARIABLE = "MEDIAHUB_WEBHOOK_SECRET"
USAGE = 2
STATUSES = range(200, 600)
PORTS = range(65_536)


class Command(Door):
    """Listen, verify, show."""

    help = (
        "Listen for webhooks on this machine, verify their signatures as Standard Webhooks has them, and show each "
        "event as it comes, until Ctrl-C. Answers 204 to what it could verify and 401 to what it could not. The "
        "service sends to it once its origin is allowed (WEBHOOK_ALLOW=http://127.0.0.1:9000) and an endpoint names it."
    )
    examples: ClassVar[str] = """
  manage.py webhook_listener --secret whsec_…
  manage.py webhook_listener --port 9001 --secret whsec_new… --secret whsec_old…   during a rotation
  manage.py webhook_listener --secret whsec_… --answer 503                          see what is tried again, and when
  manage.py webhook_listener --secret whsec_… --json | jq .payload                  one line of JSON for each event
"""
    # It uses nothing that they look at, and says nothing before it listens.
    requires_system_checks = ()
    exit_codes: ClassVar[str] = "exit codes: 0 stopped, 1 the port is taken, 2 wrong usage, 130 interrupted"

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where to listen and what to verify with."""
        parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"the port (default: {DEFAULT_PORT})")
        parser.add_argument("--host", default="127.0.0.1", help="the address (default: 127.0.0.1)")
        parser.add_argument(
            "--secret",
            action="append",
            metavar="WHSEC",
            help="the endpoint's secret, as it was shown once; several verify during a rotation (default: "
            f"${VARIABLE}, which demo.env has)",
        )
        parser.add_argument(
            "--answer", type=int, metavar="STATUS", help="the answer to what was verified, such as 503 (default: 204)"
        )
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Listen until told to stop."""
        secrets = options["secret"] or [os.environ.get(VARIABLE, "")]
        _refuse_nonsense(secrets, answer=options["answer"], port=options["port"])
        show = Shown(self.stdout, as_json=options["json"])
        try:
            listener = Listener((options["host"], options["port"]), secrets, show, answer=options["answer"])
        except OSError as error:
            address = f"Port {options['port']} of {options['host']}"
            message = f"{address} cannot be used ({error.strerror}); choose another one with --port or --host."
            raise CommandError(message) from error
        with listener:
            self.stderr.write(f"Listening on {listener.url} for webhooks; Ctrl-C stops.", self.style.SUCCESS)
            listener.serve_forever(poll_interval=0.2)


def _refuse_nonsense(secrets: list[str], *, answer: int | None, port: int) -> None:
    if not all(signing.is_secret(secret) for secret in secrets):
        message = "Give --secret: whsec_ and base64, as it was shown when the endpoint was made."
        raise CommandError(message, returncode=USAGE)
    if answer is not None and answer not in STATUSES:
        raise CommandError("--answer takes a status from 200 to 599.", returncode=USAGE)
    if port not in PORTS:
        raise CommandError(f"--port takes 0 to {PORTS[-1]}.", returncode=USAGE)
