"""The audit trail: written with what it tells, never taken back."""

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone

from devices import audit
from devices.models import BY_CHARACTERS, SUBJECT_CHARACTERS, AuditEvent
from tests.devices.conftest import Tenant

Action = AuditEvent.Action


class TestTheTrail:
    def test_tells_of_a_device_from_the_mark_on(self, alice: Tenant) -> None:
        device = alice.device("phone")
        alice.client.delete(f"/v1/devices/{device.pk}")
        event = AuditEvent.objects.get()
        assert (event.action, event.subject, event.by) == ("device_destroyed", "phone", f"key {alice.key.prefix}")
        assert (event.app_id, event.device_id, event.details) == (alice.app.pk, device.pk, {})
        assert dt.timedelta() <= timezone.now() - event.at < dt.timedelta(minutes=1)

    def test_tells_of_keys_and_never_of_their_tokens(self, alice: Tenant) -> None:
        made = alice.client.post("/v1/keys", {"name": "shop", "scopes": ["media:read"]}).json()
        for _ in range(2):
            alice.client.delete(f"/v1/keys/{made['id']}")
        issued, revoked = AuditEvent.objects.order_by("pk")
        assert (issued.action, revoked.action) == ("key_issued", "key_revoked")
        for event in (issued, revoked):
            assert (event.app_id, event.subject) == (alice.app.pk, f"{made['prefix']}…")
            assert event.by == f"key {alice.key.prefix}"
            assert event.details == {
                "key_id": made["id"],
                "name": "shop",
                "scopes": ["media:read"],
                "expires_at": None,
            }

    def test_outlives_what_it_tells_of(self, alice: Tenant) -> None:
        assert not AuditEvent._meta.get_field("app_id").is_relation
        assert not AuditEvent._meta.get_field("device_id").is_relation

    def test_is_undone_with_what_it_tells_of(self, alice: Tenant) -> None:
        with transaction.atomic():
            alice.device("phone").delete()
            transaction.set_rollback(True)
        assert not AuditEvent.objects.exists()

    def test_is_never_deleted(self, alice: Tenant) -> None:
        audit.record(audit.event(Action.HOLD_SET, now=timezone.now(), by="operator"))
        with pytest.raises(TypeError):
            AuditEvent.objects.get().delete()

    def test_cuts_what_is_too_long_rather_than_fail(self, alice: Tenant) -> None:
        audit.record(audit.event(Action.HOLD_SET, now=timezone.now(), by="b" * 1_000, subject="s" * 1_000))
        event = AuditEvent.objects.get()
        assert (len(event.by), len(event.subject)) == (BY_CHARACTERS, SUBJECT_CHARACTERS)

    def test_of_many_is_written_at_once_and_in_order(self, alice: Tenant) -> None:
        now = timezone.now()
        audit.record(*(audit.event(Action.HOLD_SET, now=now, by="b", subject=str(number)) for number in range(3)))
        assert list(AuditEvent.objects.order_by("pk").values_list("subject", flat=True)) == ["0", "1", "2"]
