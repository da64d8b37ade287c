"""Tenants in the admin: everything can be read, little can be changed, and nothing goes but by its verb."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from devices import destruction, keys, registry
from devices.admin_filters import DeviceStateFilter, KeyStateFilter
from devices.admin_forms import AppForm, DeviceForm, IssueKeyForm
from devices.models import ApiKey, App, Device
from problems.errors import Problem

# Where a token lies between its issue and the one page that shows it.
_TOKEN = "_issued_token"  # noqa: S105 - the name of an attribute

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:  # Only the stubs know that an admin has a model for its parameter.
    ModelAdmin = admin.ModelAdmin


class TenantAdmin(ModelAdmin):
    """No delete: Django's cascade knows nothing of what these rows stand for."""

    list_per_page = 50
    show_full_result_count = False
    date_hierarchy = "created_at"

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 - Django's signature
        """Nobody, here."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """A new row has no facts to show yet."""
        return super().get_readonly_fields(request, obj) if obj else ()

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """A new row shows what its form asks for."""
        return super().get_fields(request, obj) if obj else self.form.base_fields.keys()

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Tell what a verb refused after the form was content (somebody else was faster, say)."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Problem as problem:
            self.message_user(request, problem.detail, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())


@admin.register(App)
class AppAdmin(TenantAdmin):
    """Apps are created and renamed."""

    form = AppForm
    list_display = ("name", "id", "created_at", "living_devices", "all_keys")
    search_fields = ("name", "id")
    fields = ("name", "id", "created_at", "media_kinds")
    readonly_fields = ("id", "created_at", "media_kinds")

    def get_queryset(self, request: HttpRequest) -> QuerySet[App]:  # noqa: ARG002 - Django's signature
        """Count in the one query of the page."""
        devices = Device.objects.living().filter(app=OuterRef("pk"))
        keys_of_app = ApiKey.objects.filter(app=OuterRef("pk"))
        return App.objects.annotate(device_count=_counted(devices), key_count=_counted(keys_of_app))

    @admin.display(description="devices", ordering="device_count")
    def living_devices(self, app: Any) -> SafeString:
        """Link to the app's devices."""
        return _rows_of(app, model="device", count=app.device_count)

    @admin.display(description="keys", ordering="key_count")
    def all_keys(self, app: Any) -> SafeString:
        """Link to the app's keys."""
        return _rows_of(app, model="apikey", count=app.key_count)

    def save_model(self, request: HttpRequest, obj: App, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001 - Django's signature
        """Create or rename by the verb."""
        if change:
            registry.rename_app(obj, name=obj.name)
        else:
            obj.pk = registry.create_app(name=obj.name, now=timezone.now()).pk


@admin.register(ApiKey)
class ApiKeyAdmin(TenantAdmin):
    """Keys are issued and revoked; what was issued never changes, and no token is shown twice."""

    form = IssueKeyForm
    autocomplete_fields = ("app",)
    list_display = ("prefix", "name", "app", "shown_scopes", "state", "created_at", "expires_at", "last_used_at")
    list_filter = (KeyStateFilter,)
    list_select_related = ("app",)
    search_fields = ("prefix", "name", "id", "app__name", "app__id")
    fields = (
        "id",
        "app",
        "name",
        "prefix",
        "shown_scopes",
        "state",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
    )
    readonly_fields = fields
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 - Django's signature
        """Keys are looked at."""
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever might change keys may revoke them."""
        return request.user.has_perm("devices.change_apikey")

    @admin.display(description="scopes")
    def shown_scopes(self, key: ApiKey) -> str:
        """The scopes in one line."""
        return ", ".join(key.scopes)

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        """Live, expired or revoked."""
        return key.state(now=timezone.now())

    @admin.action(description="Revoke selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Revoke each."""
        now = timezone.now()
        revoked = [key for key in queryset if keys.revoke(key, now=now)]
        for key in revoked:
            self.log_change(request, key, "Revoked.")
        self.message_user(request, f"Revoked {counted(len(revoked), 'key')}.")

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001 - Django's signature
        """Issue by the verb."""
        key, token = keys.issue_key(
            app=obj.app,
            name=obj.name,
            scopes=form.cleaned_data["scopes"],
            expires_at=obj.expires_at,
            now=timezone.now(),
        )
        obj.pk, obj.prefix = key.pk, key.prefix
        setattr(obj, _TOKEN, token)

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:  # noqa: ARG002 - Django's signature
        """Show the token in the answer itself: in a message it would pass through a cookie."""
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "Key issued", "key": obj}
        response = TemplateResponse(
            request, "admin/devices/apikey/issued.html", {**context, "token": getattr(obj, _TOKEN)}
        )
        response["Cache-Control"] = "no-store"
        return response


@admin.register(Device)
class DeviceAdmin(TenantAdmin):
    """Devices are created, renamed, and destroyed by the action."""

    form = DeviceForm
    autocomplete_fields = ("app",)
    list_display = ("name", "app", "id", "created_at", "destroyed_at")
    list_filter = (DeviceStateFilter,)
    list_select_related = ("app",)
    search_fields = ("name", "id", "app__name", "app__id")
    fields = ("name", "app", "id", "created_at", "destroyed_at")
    readonly_fields = ("app", "id", "created_at", "destroyed_at")
    actions = ("destroy",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A destroyed device is only looked at."""
        destroyed = isinstance(obj, Device) and obj.destroyed_at is not None
        return not destroyed and super().has_change_permission(request, obj)

    def has_destroy_permission(self, request: HttpRequest) -> bool:
        """Whoever might delete devices may destroy them."""
        return request.user.has_perm("devices.delete_device")

    @admin.action(description="Destroy selected devices and all their media", permissions=["destroy"])
    def destroy(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Ask first; then destroy each, and tell which were refused."""
        living = list(queryset.living().select_related("app"))
        if "confirmed" not in request.POST:
            return self._ask(request, living)
        destroyed = sum(self._destroy(request, device) for device in living)
        self.message_user(
            request, f"Destroyed {counted(destroyed, 'device')}; all their media are out of reach from now on."
        )
        return None

    def _ask(self, request: HttpRequest, devices: list[Device]) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "Are you sure?"}
        return TemplateResponse(request, "admin/devices/device/destroy.html", {**context, "devices": devices})

    def _destroy(self, request: HttpRequest, device: Device) -> bool:
        try:
            destroyed = destruction.destroy(device, now=timezone.now(), by=f"staff {request.user.get_username()}")
        except Problem as problem:
            self.message_user(request, f"The device {device.name} stays: {problem.detail}", messages.ERROR)
            return False
        self.log_change(request, device, "Destroyed.")
        return destroyed

    def save_model(self, request: HttpRequest, obj: Device, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001 - Django's signature
        """Create or rename by the verb."""
        if change:
            registry.rename_device(obj, name=obj.name)
        else:
            obj.pk = registry.create_device(app=obj.app, name=obj.name, now=timezone.now()).pk


def counted(number: int, noun: str) -> str:
    """`1 key`, `2 keys`."""
    return f"{number} {noun}{pluralize(number)}"


def _counted(rows: QuerySet[Any]) -> Any:
    counts = rows.order_by().values("app").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counts), 0)


def _rows_of(app: App, *, model: str, count: int) -> SafeString:
    url = reverse(f"admin:devices_{model}_changelist")
    return format_html('<a href="{}?app__id__exact={}">{}</a>', url, app.pk, count)
