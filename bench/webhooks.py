"""How fast queued events drain to a healthy endpoint.

    python -m bench.webhooks               SQLite and the file broker
    python -m bench.webhooks --services    PostgreSQL and Redis

The worker of the Procfile with its defaults, started once the events are queued; the endpoint is this process, which
answers at once. Counted are requests that arrived and events that are noted as delivered, from the first request on.

Exit codes: 0 within the limit, 1 beyond, 2 could not measure.
"""

import argparse
import sys
import time

from bench.setting import give_up, installation, name_of, say
from tests.installation import Installation
from tests.live import celery_worker
from tests.receivers import Receiver, receiver_running

EVENTS_A_SECOND = 200
LONGEST_SECONDS = 600
ANNOUNCE = """
from django.db import transaction
from django.utils import timezone
from devices import webhooks
from devices.models import App
app = App.objects.get()
facts = {{"message_id": "3EB0C767D097B7C7C030", "type": "image", "caption": "Payment slip", "size": 48213}}
one = webhooks.News(event=webhooks.Event.MESSAGE, app_id=app.pk, device_id=None, payload=facts)
with transaction.atomic():
    webhooks.announce(*[one] * {count}, now=timezone.now())
"""
ASK = "from devices.tasks import send_due_webhooks; send_due_webhooks()"
PENDING = "from devices.models import WebhookDelivery; print(WebhookDelivery.objects.pending().count())"


def main() -> int:
    """Measure once, and say how it compares."""
    arguments = _arguments()
    say(f"{arguments.events} events on {name_of(on_services=arguments.services)}")
    with installation(on_services=arguments.services) as measured, receiver_running() as receiver:
        measured.own_env["WEBHOOK_ALLOW"] = receiver.origin
        rate = _measured(measured, receiver, events=arguments.events)
    is_within = rate >= EVENTS_A_SECOND
    say(f"{rate:.0f} events a second; the limit is {EVENTS_A_SECOND}: {'within' if is_within else 'BEYOND'}")
    return 0 if is_within else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", action="store_true", help="PostgreSQL and Redis instead of SQLite and files")
    parser.add_argument("--events", type=int, default=10_000, metavar="N", help="how many are queued (10000)")
    return parser.parse_args()


def _measured(measured: Installation, receiver: Receiver, *, events: int) -> float:
    """Events a second."""
    hook = ("--url", receiver.url(), "--event", "message")
    measured.manage("create_webhook", "--app", measured.app_id, *hook)
    measured.manage("shell", "-v", "0", "-c", ANNOUNCE.format(count=events))
    default = {"WORKER_CONCURRENCY": "24"}
    with celery_worker(var=measured.var, env=measured.env, **default):
        measured.manage("shell", "-v", "0", "-c", ASK)
        began = _first(receiver)
        _until(receiver, events)
        seconds = time.monotonic() - began
        time.sleep(1)
    left = int(measured.manage("shell", "-v", "0", "-c", PENDING))
    again = len(receiver.received) - events
    say(f"{seconds:.1f} s; {again} repeated, {left} not noted; {receiver.most_at_once['/hook']} at once at most")
    return events / seconds if not left else 0


def _first(receiver: Receiver) -> float:
    _until(receiver, 1)
    return time.monotonic()


def _until(receiver: Receiver, count: int) -> None:
    ends_at = time.monotonic() + LONGEST_SECONDS
    while len(receiver.received) < count:
        if time.monotonic() > ends_at:
            give_up(f"only {len(receiver.received)} of {count} events arrived in {LONGEST_SECONDS} s")
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
