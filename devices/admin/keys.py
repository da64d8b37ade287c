"""Keys in the admin: issued and revoked."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from devices import keys
from devices.admin.filters import KeyStateFilter
from devices.admin.forms import IssueKeyForm
from devices.admin.pages import TenantPage, by
from devices.admin.showing import GOOD, QUIET, WARN, badge, counted
from devices.models import ApiKey

# Where a token lies between its issue and the one page that shows it.
_TOKEN = "_issued_token"  # noqa: S105 - the name of an attribute
TONES = {"live": GOOD, "expired": WARN, "revoked": QUIET}


@admin.register(ApiKey)
class ApiKeyAdmin(TenantPage):
    """Keys are issued and revoked; what was issued never changes, and no token is shown twice."""

    about = "What clients show to be let in. A token is shown once, when it is issued."
    nothing = "No key yet. Issue one to let a client in."
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

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """But for the moment: the address has words where its field shows a moment."""
        said = super().get_changeform_initial_data(request)
        return {name: value for name, value in said.items() if name != "expires_at"}

    @admin.display(description="scopes")
    def shown_scopes(self, key: ApiKey) -> str:
        """The scopes in one line."""
        return ", ".join(key.scopes)

    @admin.display(description="state")
    def state(self, key: ApiKey) -> SafeString:
        """Live, expired or revoked."""
        state = key.state(now=timezone.now())
        return badge(state, TONES[state])

    @admin.action(description="Revoke selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Revoke each."""
        now = timezone.now()
        revoked = [key for key in queryset if keys.revoke(key, now=now, by=by(request))]
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
            by=by(request),
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
