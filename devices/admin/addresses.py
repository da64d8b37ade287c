"""What the address of a list or its form asks for: read here, and told where it is no filter, page or selection."""

from typing import TYPE_CHECKING, Any

import structlog
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponseRedirect

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:  # Only the stubs know that an admin has a model for its parameter.
    ModelAdmin = admin.ModelAdmin

log = structlog.get_logger(__name__)

# How an address may compare. Django takes any way, and not all of them any value: `range`, `regex`, what JSON knows.
COMPARISONS = {
    *("exact", "iexact", "icontains", "startswith", "in", "isnull", "isempty"),
    *("gt", "gte", "lt", "lte", "date", "year", "month", "day"),
}
# What values of no sense make of a query: the year 10000, a number that no column holds, a NUL.
SENSELESS = (IncorrectLookupParameters, ValidationError, ValueError, OverflowError, DataError)


class Unreadable(Exception):  # noqa: N818 - what was asked, not what went wrong
    """An address or a selection that says nothing."""


class Addressed(ModelAdmin):
    """A list whose address may say anything. Nothing is caught but where that is read: a verb's fault is a fault."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only by what can be compared."""
        _, *path = lookup.split("__")
        return (not path or path[-1] in COMPARISONS) and super().lookup_allowed(lookup, value, request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list; all of it, with a sentence, where nothing can be made of what was asked."""
        try:
            return super().changelist_view(request, extra_context)
        except Unreadable:
            self.message_user(request, "That filter, page or selection is not valid.", messages.ERROR)
            return HttpResponseRedirect(request.path)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Read the address; the rows are counted by it here too, before anything is done with them."""
        try:
            return super().get_changelist_instance(request)
        except SENSELESS as error:
            if not request.GET:
                raise
            log.info("admin_address_unreadable", path=request.path, error=type(error).__name__)
            raise Unreadable from error

    def response_action(self, request: HttpRequest, queryset: Any, *place: Any, **options: Any) -> Any:
        """Read the selection before an action has it."""
        try:
            for selected in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.clean(selected, None)
        except ValidationError as error:
            raise Unreadable from error
        return super().response_action(request, queryset, *place, **options)
