"""Runs in the admin: what was taken away, when, by whom."""

from typing import Any, ClassVar

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from devices.admin import showing
from devices.admin.pages import ReadOnlyPage
from media_store.models import PurgeRun

TONES: dict[str, str] = {
    PurgeRun.Outcome.RUNNING: showing.BUSY,
    PurgeRun.Outcome.DONE: showing.GOOD,
    PurgeRun.Outcome.PARTLY: showing.WARN,
    PurgeRun.Outcome.STOPPED: showing.WARN,
    PurgeRun.Outcome.FAILED: showing.BAD,
}
ERROR_SHOWN_CHARACTERS = 80


@admin.register(PurgeRun)
class PurgeRunAdmin(ReadOnlyPage):
    """Each run of what takes media or objects away."""

    about = (
        "A run that had nothing to do leaves no row. One that was killed stays “running”; the next takes its work up."
    )
    nothing = "Nothing has left yet."
    list_display = (
        "started_at",
        "work",
        "shown_outcome",
        "by",
        "took",
        "rows",
        "objects",
        "size",
        "shown_error",
    )
    list_filter = ("work", "outcome")
    date_hierarchy = "started_at"
    search_fields = ("by", "choice", "error")
    search_help_text = "By whom, which media were chosen, or an error."
    ordering = ("-started_at", "-id")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("work", "shown_outcome", "by", "choice")}),
        ("Times", {"fields": ("started_at", "ended_at", "took")}),
        ("What went", {"fields": ("rows", "objects_deleted", "exact_size")}),
        ("What went wrong", {"fields": ("errors", "error")}),
    )

    @admin.display(description="outcome", ordering="outcome")
    def shown_outcome(self, run: PurgeRun) -> SafeString:
        """How it ended."""
        return showing.badge(run.get_outcome_display().lower(), TONES.get(run.outcome, showing.QUIET))

    @admin.display(description="took")
    def took(self, run: PurgeRun) -> str:
        """On the wall; nothing for one that has not ended."""
        return showing.took(run.started_at, run.ended_at) if run.ended_at else "not ended"

    @admin.display(description="objects", ordering="objects_deleted")
    def objects(self, run: PurgeRun) -> int:
        """Deleted from the store."""
        return run.objects_deleted

    @admin.display(description="bytes", ordering="bytes")
    def size(self, run: PurgeRun) -> str:
        """For people."""
        return filesizeformat(run.bytes)

    @admin.display(description="bytes")
    def exact_size(self, run: PurgeRun) -> str:
        """For people, and to the byte."""
        return showing.size(run.bytes)

    @admin.display(description="error", ordering="error")
    def shown_error(self, run: PurgeRun) -> str:
        """Its beginning; all of it is on the page of the run."""
        return Truncator(run.error).chars(ERROR_SHOWN_CHARACTERS)
