"""Apps in the admin: created, renamed, and destroyed by the action."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from devices import destruction, registry
from devices.admin.destroying import Destroying
from devices.admin.filters import DestructionFilter
from devices.admin.forms import AppForm
from devices.admin.pages import TenantPage
from devices.admin.showing import counted, living_or_destroyed
from devices.models import ApiKey, App, Device


@admin.register(App)
class AppAdmin(Destroying, TenantPage):
    """Apps are created, renamed, and destroyed by the action."""

    about = "The tenants. Whoever destroys an app destroys its devices, its keys and all their media."
    nothing = "No app yet. Add the first one: devices, keys and media belong to it."
    destroy_verb = staticmethod(destruction.destroy_app)
    form = AppForm
    list_display = ("name", "state", "id", "created_at", "living_devices", "all_keys")
    list_filter = (DestructionFilter,)
    search_fields = ("name", "id")
    fields = ("name", "id", "created_at", "state", "media_kinds")
    readonly_fields = ("id", "created_at", "state", "media_kinds")
    actions: tuple[str, ...] = ("destroy",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[App]:  # noqa: ARG002 - Django's signature
        """Count in the one query of the page."""
        devices = Device.objects.living().filter(app=OuterRef("pk"))
        keys_of_app = ApiKey.objects.filter(app=OuterRef("pk"))
        return App.objects.annotate(device_count=_counted(devices), key_count=_counted(keys_of_app))

    @admin.display(description="state")
    def state(self, app: App) -> SafeString:
        """Living, or destroyed and being cleared away."""
        return living_or_destroyed(app.destroyed_at)

    @admin.display(description="devices", ordering="device_count")
    def living_devices(self, app: Any) -> SafeString:
        """Link to the app's devices."""
        return _rows_of(app, model="device", count=app.device_count)

    @admin.display(description="keys", ordering="key_count")
    def all_keys(self, app: Any) -> SafeString:
        """Link to the app's keys."""
        return _rows_of(app, model="apikey", count=app.key_count)

    def what_goes(self, rows: list[Any]) -> dict[Any, list[str]]:
        """Its devices and keys."""
        return {app.pk: [counted(app.device_count, "device"), counted(app.key_count, "key")] for app in rows}

    def save_model(self, request: HttpRequest, obj: App, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001 - Django's signature
        """Create or rename by the verb."""
        if change:
            registry.rename_app(obj, name=obj.name)
        else:
            obj.pk = registry.create_app(name=obj.name, now=timezone.now()).pk


def _counted(rows: QuerySet[Any]) -> Any:
    counts = rows.order_by().values("app").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counts), 0)


def _rows_of(app: App, *, model: str, count: int) -> SafeString:
    url = reverse(f"admin:devices_{model}_changelist")
    return format_html('<a href="{}?app__id__exact={}">{}</a>', url, app.pk, count)
