"""What the admin's pages have in common: a list tells what it shows, and nothing goes but by its verb."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from devices.admin.addresses import Addressed
from problems.errors import Problem

# What one action may be asked to do: each row has a transaction of its own, and somebody waits for the page.
AT_ONCE = 500
# So many refusals are told one by one.
TOLD_EACH = 20


def by(request: HttpRequest) -> str:
    """Who does it, for the trail."""
    return f"staff {request.user.get_username()}"


class IdSelect(AutocompleteSelect):
    """Django's, which fails on a forged value that is no id."""

    def optgroups(self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None) -> Any:
        """Of what might be ids."""
        return super().optgroups(name, [one for one in value if _id(one)], attr)


class Page(Addressed):
    """No delete: Django's cascade knows nothing of what these rows stand for."""

    about = ""
    nothing = "There is nothing here yet."
    # Columns in which a whole id is looked for, and nowhere else.
    id_fields: tuple[str, ...] = ()
    change_list_template = "admin/told_list.html"
    list_per_page = 50
    show_full_result_count = False

    class Media:
        css = {"all": ("devices/admin.css",)}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Nobody, here."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """With a sentence on what is listed, and one for when nothing is."""
        told = {"about": self.about, "nothing": self.nothing}
        return super().changelist_view(request, {**told, **(extra_context or {})})

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Tell what a verb refused after the form was content (somebody else was faster, say)."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Problem as problem:
            self.message_user(request, problem.detail, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """All foreign keys that are typed here are ids."""
        if db_field.name in self.get_autocomplete_fields(request):
            options.setdefault("widget", IdSelect(db_field, self.admin_site, using=options.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **options)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """An id is compared, by an index where there is one; words are looked for."""
        named = _id(search_term) if self.id_fields else None
        if named is None:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(Q.create([(field, named) for field in self.id_fields], connector=Q.OR)), False

    def ask(self, request: HttpRequest, template: str, *, rows: Iterable[Any], **context: Any) -> HttpResponse:
        """The page between an action and its deed; `rows` are what was selected, and are sent along again."""
        common = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, template, {**common, "rows": list(rows), **context})

    def is_too_many(self, request: HttpRequest, rows: QuerySet[Any], *, instead: str) -> bool:
        """Whether these are more than a page may take on; says so."""
        too_many = rows.count() > AT_ONCE
        if too_many:
            self.message_user(request, f"Select {AT_ONCE} at most at once; {instead}", messages.ERROR)
        return too_many

    def tell_refused(self, request: HttpRequest, sentences: Sequence[str]) -> None:
        """One sentence for each, as far as anybody would read them."""
        for sentence in sentences[:TOLD_EACH]:
            self.message_user(request, sentence, messages.ERROR)
        if more := len(sentences[TOLD_EACH:]):
            self.message_user(request, f"{more} more were refused.", messages.ERROR)


class ReadOnlyPage(Page):
    """Facts to be read: nothing is added, changed or deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Never."""
        return False


class TenantPage(Page):
    """A new row has no facts to show yet; it shows what its form asks for."""

    date_hierarchy = "created_at"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """None on a new row."""
        return super().get_readonly_fields(request, obj) if obj else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The form's on a new row."""
        return super().get_fields(request, obj) if obj else self.form.base_fields.keys()


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None
