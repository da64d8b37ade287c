"""The pages for people: what this is, and the documentation of the API."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView

# Nothing from elsewhere; the page's own style stands in it.
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
# Swagger draws its icons from data: addresses, shows what was downloaded from blob: ones, and sets styles by script.
SWAGGER_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src blob:; "
    "base-uri 'none'; form-action 'none'"
)


@require_safe
@cache_control(max_age=300)
def index(request: HttpRequest) -> HttpResponse:
    """What this is, and where to go from here."""
    response = render(request, "index.html")
    response["Content-Security-Policy"] = PAGE_POLICY
    return response


class Swagger(SpectacularSwaggerSplitView):
    """The API's pages, with nothing from other hosts and no script in the page."""

    @extend_schema(exclude=True)
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The page, or its script with `?script=`."""
        response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]  # the library has no types
        response["Content-Security-Policy"] = SWAGGER_POLICY
        return response
