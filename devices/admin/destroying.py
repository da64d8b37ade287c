"""The action that destroys devices or apps: it asks first, and says what would go."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from devices.admin.pages import Page, by
from devices.admin.showing import counted
from problems.errors import Problem


class Destroying(Page):
    """A list whose rows can be destroyed, by a verb that marks them; what is marked is only looked at."""

    destroy_verb: Callable[..., bool]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not of what is being cleared away."""
        destroyed = obj is not None and obj.destroyed_at is not None
        return not destroyed and super().has_change_permission(request, obj)

    def has_destroy_permission(self, request: HttpRequest) -> bool:
        """Whoever might delete these may destroy them."""
        return request.user.has_perm(f"{self.opts.app_label}.delete_{self.opts.model_name}")

    def what_goes(self, rows: list[Any]) -> dict[Any, list[str]]:
        """What else goes with each, by its id: `3 devices`."""
        return {row.pk: [] for row in rows}

    def why_not(self, rows: list[Any]) -> dict[Any, str]:  # noqa: ARG002 - for those who know of reasons
        """Why some would be refused, by their ids; whoever knows of a reason says so."""
        return {}

    @admin.action(description="Destroy selected %(verbose_name_plural)s and all their media", permissions=["destroy"])
    def destroy(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Ask first; then destroy each, and tell which were refused."""
        if self.is_too_many(request, queryset, instead="destroy the rest afterwards."):
            return None
        living = list(queryset.living())
        if request.POST.get("confirmed") != "yes":
            return self._ask_to_destroy(request, living)
        refused: list[str] = []
        destroyed = sum(self._destroy(request, row, refused) for row in living)
        self.tell_refused(request, refused)
        if destroyed or not refused:
            what = counted(destroyed, str(self.opts.verbose_name))
            self.message_user(request, f"Destroyed {what}; all their media are out of reach from now on.")
        return None

    def _ask_to_destroy(self, request: HttpRequest, rows: list[Any]) -> HttpResponse:
        goes, why_not = self.what_goes(rows), self.why_not(rows)
        told = [{"row": row, "goes": goes[row.pk], "why_not": why_not.get(row.pk, "")} for row in rows]
        return self.ask(request, "admin/devices/destroy.html", rows=rows, title="Are you sure?", told=_by_refusal(told))

    def _destroy(self, request: HttpRequest, row: Any, refused: list[str]) -> bool:
        try:
            destroyed = type(self).destroy_verb(row, now=timezone.now(), by=by(request))
        except Problem as problem:
            refused.append(f"The {self.opts.verbose_name} {row.name} stays: {problem.detail}")
            return False
        if destroyed:
            self.log_change(request, row, "Destroyed.")
        return destroyed


def _by_refusal(told: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(told, key=lambda one: bool(one["why_not"]))
