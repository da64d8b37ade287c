"""Listing: the filters of GET /v1/media."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from media_store import kinds
from media_store.models import Media, MediaQuerySet


class MomentField(django_filters.fields.IsoDateTimeField):
    """A moment that a database can hold: an offset may carry a date out of the years there are."""

    # Most often it is the + of an offset that the query string has made a space.
    default_error_messages: ClassVar = {
        "invalid": "Write a moment as 2026-03-02T09:30:00Z, in a URL the + of an offset as %2B."
    }

    def to_python(self, value: Any) -> datetime | None:
        """In UTC."""
        moment = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error


class MomentFilter(django_filters.IsoDateTimeFilter):
    """From or until a moment."""

    field_class = MomentField


class WordFilter(django_filters.ChoiceFilter):
    """One of a few words, which the refusal of any other names."""

    def __init__(self, *, choices: Sequence[tuple[str, str]], **options: Any) -> None:
        words = ", ".join(word for word, _ in choices)
        super().__init__(choices=choices, error_messages={"invalid_choice": f"Give one of {words}."}, **options)


@extend_schema_field({"type": "string", "minLength": 1})
class TextFilter(django_filters.CharFilter):
    """Exactly this text, spaces around it included."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, **options)


class MediaFilterSet(django_filters.FilterSet):
    """Every filter narrows; together they are an AND."""

    device = django_filters.UUIDFilter(field_name="device_id", strip=False, help_text="The id of a device.")
    direction = WordFilter(choices=Media.Direction.choices, help_text="Which way it travels.")
    kind = WordFilter(choices=[(name, name) for name in kinds.DEFAULTS])
    status = WordFilter(choices=Media.Status.choices, method="in_state", help_text="As of now.")
    mime_type = TextFilter(help_text="What the bytes are, exactly.")
    sha256 = TextFilter(method="of_bytes", help_text="Of the bytes, in hex.")
    message_id = TextFilter(help_text="Of the message that carried it.")
    media_path = TextFilter(field_name="path", help_text="The path it is downloaded by.")
    created_after = MomentFilter(field_name="created_at", lookup_expr="gte", help_text="At this moment or later.")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt", help_text="Before this moment.")
    expires_after = MomentFilter(field_name="expires_at", lookup_expr="gte", help_text="At this moment or later.")
    expires_before = MomentFilter(field_name="expires_at", lookup_expr="lt", help_text="Before this moment.")

    class Meta:
        model = Media
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, now: datetime | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._now = now

    def in_state(self, queryset: MediaQuerySet, _name: str, value: str) -> MediaQuerySet:
        """By the status that clients see, which an expiry changes without a write."""
        return queryset.in_state(value, now=self._now) if self._now else queryset

    def of_bytes(self, queryset: MediaQuerySet, _name: str, value: str) -> MediaQuerySet:
        """Hex in any case; stored in small letters."""
        return queryset.filter(sha256=value.lower())


def filtered(queryset: MediaQuerySet, request: Request, *, now: datetime) -> QuerySet[Media]:
    """The media that the query asks for. Error: `ValidationError`."""
    # An empty value would be no filter to the library: a variable that was never set would list everything.
    empty = [name for name in MediaFilterSet.base_filters if request.query_params.get(name) == ""]
    if empty:
        raise ValidationError(dict.fromkeys(empty, "This filter may not be empty."))
    filters = MediaFilterSet(request.query_params, queryset=queryset, now=now)
    if not filters.is_valid():
        raise ValidationError(filters.errors)
    found: QuerySet[Media] = filters.qs
    return found
