"""Devices in the admin: created, renamed, and destroyed by the action."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from devices import destruction, registry
from devices.admin.destroying import Destroying
from devices.admin.filters import DestructionFilter
from devices.admin.forms import DeviceForm
from devices.admin.pages import TenantPage
from devices.admin.showing import living_or_destroyed
from devices.models import Device


@admin.register(Device)
class DeviceAdmin(Destroying, TenantPage):
    """Devices are created, renamed, and destroyed by the action."""

    about = "The phones and numbers of the apps. A destroyed one leaves this list once its media have gone."
    nothing = "No device yet."
    destroy_verb = staticmethod(destruction.destroy)
    form = DeviceForm
    autocomplete_fields = ("app",)
    list_display = ("name", "state", "app", "id", "created_at")
    list_filter = (DestructionFilter,)
    list_select_related = ("app",)
    search_fields = ("name", "id", "app__name", "app__id")
    fields = ("name", "app", "id", "created_at", "state")
    readonly_fields = ("app", "id", "created_at", "state")
    actions: tuple[str, ...] = ("destroy",)

    @admin.display(description="state")
    def state(self, device: Device) -> SafeString:
        """Living, or destroyed and being cleared away."""
        return living_or_destroyed(device.destroyed_at)

    def save_model(self, request: HttpRequest, obj: Device, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001 - Django's signature
        """Create or rename by the verb."""
        if change:
            registry.rename_device(obj, name=obj.name)
        else:
            obj.pk = registry.create_device(app=obj.app, name=obj.name, now=timezone.now()).pk
