"""The actions that set and release legal holds, on whatever list: each asks first."""

import re
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from devices.admin.pages import Page, by
from devices.admin.showing import counted
from media_store import retention
from media_store.errors import HoldRefused
from media_store.models import LegalHold, LegalHoldQuerySet
from media_store.models.holds import REASON_CHARACTERS
from problems.errors import Problem

HOLD = "media_store.hold_media"


class HoldForm(forms.Form):
    """Why, and until when."""

    reason = forms.CharField(
        max_length=REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
        help_text="The case, the order, who asked for it. It is kept after the hold is over.",
    )
    until = forms.DateTimeField(
        required=False,
        label="Ends by itself",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="In UTC. Leave it empty for a hold that lasts until somebody releases it.",
    )

    def clean_reason(self) -> str:
        """On one line, though the field has several."""
        return " ".join(line.strip() for line in re.split("[\r\n]+", self.cleaned_data["reason"]) if line.strip())


class Releasing(Page):
    """Holds end after a page that shows which."""

    def has_hold_permission(self, request: HttpRequest) -> bool:
        """Holding is a permission of its own: whoever holds keeps others from removing."""
        return request.user.has_perm(HOLD)

    def release_each(self, request: HttpRequest, rows: list[Any], holds: LegalHoldQuerySet) -> HttpResponse | None:
        """Ask, then release those holds that were shown: one that was set meanwhile is nobody's to release unseen."""
        if not holds:
            sentence = (
                "None of these is held by a hold of its own. A wider one, of a device or an app, is released there."
            )
            self.message_user(request, sentence, messages.WARNING)
            return None
        if request.POST.get("confirmed") != "yes":
            context = {"title": "Release legal holds", "holds": list(holds)}
            return self.ask(request, "admin/media_store/release.html", rows=rows, **context)
        now, shown = timezone.now(), set(request.POST.getlist("hold"))
        chosen = [held for held in holds if str(held.pk) in shown]
        released = sum(retention.release_hold(held, by=by(request), now=now) for held in chosen)
        self.message_user(
            request, f"Released {counted(released, 'legal hold')}. What has expired meanwhile goes with the next purge."
        )
        return None


class Holdable(Releasing):
    """A list whose rows can be held."""

    # The scope of holds on these rows.
    hold_scope: ClassVar[str]

    @admin.action(description="Set a legal hold on selected %(verbose_name_plural)s", permissions=["hold"])
    def hold(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Ask for a reason; then hold each, and tell which had gone."""
        if self.is_too_many(request, queryset, instead="hold their device or their app instead."):
            return None
        rows = list(queryset)
        form = HoldForm(request.POST if request.POST.get("confirmed") == "yes" else None)
        if form.is_valid() and self._hold_each(request, rows, form):
            return None
        return self.ask(request, "admin/media_store/hold.html", rows=rows, title="Set a legal hold", form=form)

    @admin.action(description="Release the legal holds on selected %(verbose_name_plural)s", permissions=["hold"])
    def release(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Those set on the rows themselves; what holds them more widely is released where it was set."""
        if self.is_too_many(request, queryset, instead="release the rest afterwards."):
            return None
        rows = list(queryset)
        holds = LegalHold.objects.active(now=timezone.now()).of_scope(self.hold_scope)
        ids = [row.pk for row in rows]
        return self.release_each(request, rows, holds.filter(**{f"{self.hold_scope}_id__in": ids}).order_by("pk"))

    def _hold_each(self, request: HttpRequest, rows: list[Any], form: HoldForm) -> bool:
        """False where the form is to be shown again; then none is held."""
        now, said, refused = timezone.now(), form.cleaned_data, []
        for row in rows:
            try:
                retention.hold(row, reason=said["reason"], until=said["until"], by=by(request), now=now)
            except HoldRefused as problem:
                # It is about what was said, and so about each of them: the first one tells.
                form.add_error(None, problem.detail)
                return False
            except Problem:
                refused.append(
                    f"The {self.opts.verbose_name} {row} cannot be held: it has gone, or has no bytes any more."
                )
        self.tell_refused(request, refused)
        held = len(rows) - len(refused)
        self.message_user(
            request,
            f"Set a legal hold on {held} of {counted(len(rows), 'row')} selected.",
            messages.SUCCESS if held else messages.WARNING,
        )
        return True
