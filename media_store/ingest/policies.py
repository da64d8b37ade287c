"""Policies: which inbound media of a device is kept."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import TextChoices

from devices import audit
from devices.models import BY_CHARACTERS, AuditEvent, Device
from media_store.ingest.arrival import Arrival
from media_store.models import IngestPolicy

OF_GROUPS = "@g.us"
OF_STATUSES = "status@broadcast"
SAID = ("kinds", "groups", "statuses", "max_bytes")


class ChatType(TextChoices):
    """Where a message was written."""

    DIRECT = "direct", "to somebody"
    GROUP = "group", "to a group"
    STATUS = "status", "to all who follow"


def chat_type_of(chat_id: str) -> ChatType:
    """What the id of a chat tells, where nobody says more."""
    if chat_id == OF_STATUSES:
        return ChatType.STATUS
    return ChatType.GROUP if chat_id.endswith(OF_GROUPS) else ChatType.DIRECT


def policy_of(device: Device) -> IngestPolicy:
    """The device's policy; one that keeps everything, and is not stored, where it has none."""
    return IngestPolicy.objects.filter(device=device).first() or IngestPolicy(device=device)


def objection(arrival: Arrival, *, kind: str, size: int) -> str:
    """Why the policy of the device is against keeping this; empty where it is not. `size` in bytes."""
    policy = IngestPolicy.objects.filter(device=arrival.device).first()
    if policy is None:
        return ""
    if policy.kinds is not None and kind not in policy.kinds:
        return "policy_kind"
    is_kept = {ChatType.GROUP: policy.groups, ChatType.STATUS: policy.statuses}
    if not is_kept.get(ChatType(arrival.chat_type or chat_type_of(arrival.chat_id)), True):
        return "policy_chat"
    return "policy_size" if policy.max_bytes is not None and size > policy.max_bytes else ""


def set_policy(  # noqa: PLR0913 - what a policy says, each by its name
    device: Device,
    *,
    kinds: Sequence[str] | None,
    groups: bool,
    statuses: bool,
    max_bytes: int | None,
    now: datetime,
    by: str,
) -> IngestPolicy:
    """Write the whole policy of a device; it holds for what is handed in from now on. Error: `NotFound`."""
    said = {"kinds": None if kinds is None else list(dict.fromkeys(kinds)), "groups": groups, "statuses": statuses}
    with transaction.atomic():
        # Against the device's end, which takes its policy away.
        Device.objects.lock_living(pk=device.pk)
        before = _said(policy_of(device))
        policy, _ = IngestPolicy.objects.update_or_create(
            device=device,
            defaults={**said, "max_bytes": max_bytes, "changed_at": now, "changed_by": by[:BY_CHARACTERS]},
        )
        # A gateway may say at each start what it said before: the trail tells of changes.
        if _said(policy) != before:
            action = AuditEvent.Action.INGEST_POLICY_CHANGED
            audit.record(audit.of_device(action, device, now=now, by=by, details=_said(policy)))
    return policy


def _said(policy: IngestPolicy) -> dict[str, object]:
    return {name: getattr(policy, name) for name in SAID}
