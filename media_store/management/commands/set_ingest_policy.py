"""`manage.py set_ingest_policy`: which inbound media of a device is kept."""

import argparse
from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.utils import timezone

from devices.management.door import Door, app_called, operator, written
from media_store import ingest, kinds
from media_store.management import measures
from media_store.management.measures import written_size
from media_store.management.subjects import device_called
from media_store.models import IngestPolicy

ANY = "any"
NO_KIND = "none"
YES_OR_NO = {"yes": True, "no": False}
KEEP_ALL: Mapping[str, Any] = {"kinds": None, "groups": True, "statuses": True, "max_bytes": None}


class Command(Door):
    """Show or change the policy of a device."""

    help = (
        "Show which inbound media of a device is kept, or change it, for what a gateway hands in from now on. What is "
        "not kept is recorded as omitted, without its bytes, and its app is told. What is not named here stays as it "
        "is."
    )
    examples: ClassVar[str] = """
  manage.py set_ingest_policy --app "Web shop" --device "shop phone"                what is in force
  manage.py set_ingest_policy --device "shop phone" --groups no --statuses no
  manage.py set_ingest_policy --device "shop phone" --kinds image,audio --max-size 5MB
  manage.py set_ingest_policy --device "shop phone" --max-size any                  no such limit any more
  manage.py set_ingest_policy --device "shop phone" --keep-all                      as without a policy

With --json: {"device_id", "app_id", "kinds" (a list; null for any), "groups", "statuses", "max_bytes" (null for no such
limit), "changed_at", "changed_by" (null and '' where nobody has changed it)}.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the device, and what is to be kept of it."""
        parser.add_argument("--app", metavar="APP", help="the device's app: its id, or its name if only one has it")
        parser.add_argument(
            "--device", required=True, metavar="DEVICE", help="the device: its id, or its name if only one has it"
        )
        parser.add_argument("--keep-all", action="store_true", help="keep everything but what else is said here")
        parser.add_argument(
            "--kinds", type=_kinds, metavar="KINDS", help=f"any, none, or some of {','.join(kinds.DEFAULTS)}"
        )
        parser.add_argument("--groups", choices=list(YES_OR_NO), help="whether media of group chats is kept")
        parser.add_argument("--statuses", choices=list(YES_OR_NO), help="whether media of status updates is kept")
        parser.add_argument("--max-size", type=_limit, metavar="SIZE", help="nothing larger is kept: 200KB, 10MB; any")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Show, or change."""
        app = app_called(options["app"]) if options["app"] is not None else None
        device = device_called(options["device"], app=app)
        policy = ingest.policy_of(device)
        changes = _changes(options)
        if changes:
            said = {name: getattr(policy, name) for name in KEEP_ALL} | changes
            policy = ingest.set_policy(device, **said, now=timezone.now(), by=operator())
        verb = "From now on" if changes else "As it stands,"
        self.tell(
            result={"device_id": str(device.pk), "app_id": str(device.app_id), **_flat(policy)},
            plain=_lines(policy),
            talk=f"{verb} this is kept of what is handed in for the device {device.name!r}.",
            as_json=options["json"],
        )


def _changes(options: Mapping[str, Any]) -> dict[str, Any]:
    changes = dict(KEEP_ALL) if options["keep_all"] else {}
    changes |= {name: YES_OR_NO[options[name]] for name in ("groups", "statuses") if options[name] is not None}
    typed = {"kinds": options["kinds"], "max_bytes": options["max_size"]}
    return changes | {name: None if value == ANY else value for name, value in typed.items() if value is not None}


def _flat(policy: IngestPolicy) -> dict[str, object]:
    said = {name: getattr(policy, name) for name in KEEP_ALL}
    return {**said, "changed_at": written(policy.changed_at), "changed_by": policy.changed_by}


def _lines(policy: IngestPolicy) -> str:
    yes_or_no = {value: word for word, value in YES_OR_NO.items()}
    kept = ANY if policy.kinds is None else ",".join(policy.kinds) or NO_KIND
    largest = ANY if policy.max_bytes is None else written_size(policy.max_bytes)
    facts = {
        "kinds": kept,
        "groups": yes_or_no[policy.groups],
        "statuses": yes_or_no[policy.statuses],
        "max size": largest,
    }
    return "\n".join(f"{name:<8}  {value}" for name, value in facts.items())


def _kinds(text: str) -> str | list[str]:
    if text in (ANY, NO_KIND):
        return ANY if text == ANY else []
    chosen = text.split(",")
    for kind in chosen:
        if kind not in kinds.DEFAULTS:
            message = f"there is no kind {kind!r}; choose from {', '.join(kinds.DEFAULTS)}, or any, or none"
            raise argparse.ArgumentTypeError(message)
    return chosen


def _limit(text: str) -> str | int:
    if text == ANY:
        return ANY
    size = measures.size(text)
    if size < 1:
        message = f"{text!r} would keep nothing; --kinds {NO_KIND} says so"
        raise argparse.ArgumentTypeError(message)
    return size
