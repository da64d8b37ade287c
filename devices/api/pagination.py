"""Lists: newest first, in pages found by cursor, so that rows that arrive meanwhile shift nothing."""

import re
import uuid
from typing import Any

from rest_framework.exceptions import NotFound as RestNotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from problems.errors import Malformed, NotFound, UnknownField


class NewestFirst(CursorPagination):
    """`{results, next, previous}`; ordered by id, as ids are ordered by time."""

    ordering = "-id"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    page_size_query_description = "How many results a page has at most: 1 to 200, 50 where it is left out."
    cursor_query_description = "Where the page begins; taken from `next` or `previous`, never made."

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """The page asked for.

        Raises UnknownField for a misspelt parameter, which would else narrow nothing, and Malformed for one that is
        given twice, of which all but the last would.
        """
        filters = getattr(getattr(view, "filterset_class", None), "base_filters", {})
        known = [*filters, self.page_size_query_param, self.cursor_query_param]
        unknown = sorted(set(request.query_params) - set(known))
        if unknown:
            raise UnknownField(f"Not known here: {', '.join(unknown)}. Known: {', '.join(known)}.", fields=unknown)
        twice = [name for name, values in request.query_params.lists() if len(values) > 1]
        if twice:
            raise Malformed(f"{twice[0]} is given more than once.")
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request: Request) -> int:
        """The limit asked for. Raises Malformed where DRF would fall back to its own."""
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return self.page_size
        if not (re.fullmatch(r"[0-9]{1,3}", text) and 1 <= int(text) <= self.max_page_size):
            raise Malformed(f"limit is a number from 1 to {self.max_page_size}.")
        return int(text)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor sent. Raises NotFound for one that was not made here: a cursor is a name, and never guessed."""
        try:
            cursor = super().decode_cursor(request)
            # An empty one says nothing; each that is made here has a position.
            if cursor is not None and request.query_params[self.cursor_query_param]:
                uuid.UUID(str(cursor.position))
        except (RestNotFound, ValueError) as error:
            raise NotFound("This cursor is not one of ours; begin again without it.") from error
        return cursor

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """DRF's parameters, the limit with its bounds."""
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] = {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.max_page_size,
                    "default": self.page_size,
                }
        return parameters

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """DRF's schema, which forgets that all three members are always there."""
        whole: dict[str, Any] = super().get_paginated_response_schema(schema)
        for link in ("next", "previous"):
            whole["properties"][link]["example"] = "https://media.example.com/v1/…?cursor=cD0wMTk3"
        return {**whole, "required": ["results", "next", "previous"]}
