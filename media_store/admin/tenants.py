"""Apps and devices, to whose pages media adds what `devices` cannot know: holds, and the media that would go."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from devices.admin import AppAdmin, DeviceAdmin
from devices.admin.destroying import Destroying
from devices.admin.pages import by
from devices.models import App, Device
from media_store import ingest, retention
from media_store.admin.holding import Holdable
from media_store.admin.policies import PolicyForm, PolicyInline
from media_store.errors import LegalHoldInForce
from media_store.models import Media

# Registered anew below: an import cannot point the other way.
admin.site.unregister((App, Device))


class _Owner(Holdable, Destroying):
    """An owner of media."""

    def what_goes(self, rows: list[Any]) -> dict[Any, list[str]]:
        """And its media, with the bytes that they have."""
        goes, media = super().what_goes(rows), _media_of(self.hold_scope, [row.pk for row in rows])
        return {pk: [*others, media.get(pk, "no media")] for pk, others in goes.items()}

    def why_not(self, rows: list[Any]) -> dict[Any, str]:
        """Held ones are refused: said before anybody confirms."""
        return {row.pk: sentence for row in rows if (sentence := _holds(row))}


@admin.register(App)
class HoldableAppAdmin(_Owner, AppAdmin):
    """Apps that can be held."""

    hold_scope = "app"
    actions = (*AppAdmin.actions, "hold", "release")


@admin.register(Device)
class HoldableDeviceAdmin(_Owner, DeviceAdmin):
    """Devices that can be held."""

    hold_scope = "device"
    actions = (*DeviceAdmin.actions, "hold", "release")
    inlines = (PolicyInline,)

    def get_inline_instances(self, request: HttpRequest, obj: Device | None = None) -> Any:
        """Of a living device: what is not there yet, or no longer, keeps nothing."""
        return super().get_inline_instances(request, obj) if obj and obj.destroyed_at is None else []

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: ARG002, FBT001 - Django's signature
        """Write the policy by the verb."""
        for said in formset.save(commit=False):
            policy = {name: getattr(said, name) for name in PolicyForm.Meta.fields}
            ingest.set_policy(form.instance, **policy, now=timezone.now(), by=by(request))


def _media_of(owner: str, ids: Iterable[Any]) -> dict[Any, str]:
    rows = Media.objects.filter(**{f"{owner}_id__in": list(ids)}).order_by().values(f"{owner}_id")
    stored = Sum("size", filter=Q(status=Media.Status.READY))
    sums = rows.annotate(count=Count("pk"), stored=Coalesce(stored, 0)).values_list(f"{owner}_id", "count", "stored")
    return {pk: f"{count} media ({filesizeformat(stored)})" for pk, count, stored in sums}


def _holds(row: App | Device) -> str:
    try:
        retention.refuse_if_held(row, now=timezone.now())
    except LegalHoldInForce as problem:
        return problem.detail
    return ""
