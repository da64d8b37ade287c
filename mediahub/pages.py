"""The pages for people: what this is, and the documentation of the API."""

from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.encoding import force_bytes
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

# Nothing from elsewhere; the page's own style stands in it.
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
# Swagger draws its icons from data: addresses, shows what was downloaded from blob: ones, and sets styles by script.
SWAGGER_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src blob:; "
    "base-uri 'none'; form-action 'none'"
)
# What a client may keep; a new version is seen after so long.
SCHEMA_KEPT_SECONDS = 3600


@require_safe
@cache_control(max_age=300)
def index(request: HttpRequest) -> HttpResponse:
    """What this is, and where to go from here."""
    response = render(request, "index.html")
    response["Content-Security-Policy"] = PAGE_POLICY
    return response


def nowhere(_request: HttpRequest, **_path: str) -> HttpResponse:
    """What Django has pages for, and MediaHub has none."""
    raise Http404


class Schema(SpectacularAPIView):
    """The OpenAPI document. It takes a third of a second to make, and changes with the code alone.

    Whatever stands in the query or before `Accept`: it is made once for each of its forms.
    """

    @extend_schema(exclude=True)
    @method_decorator(cache_control(max_age=SCHEMA_KEPT_SECONDS))
    def get(self, request: Request, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """The document in the form that was asked for."""
        renderer = request.accepted_renderer
        return HttpResponse(
            document(type(renderer)),  # type: ignore[arg-type]  # classes are hashable
            content_type=f"{renderer.media_type}; charset=utf-8",
            headers={"Content-Disposition": f'inline; filename="MediaHub.{renderer.format}"'},
        )


@cache
def document(form: type[BaseRenderer]) -> bytes:
    """The OpenAPI document of this process in one of its forms."""
    content = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # as below
    return force_bytes(form().render(content, form.media_type, {}))


class Swagger(SpectacularSwaggerSplitView):
    """The API's pages, with nothing from other hosts and no script in the page."""

    @extend_schema(exclude=True)
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The page, or its script with `?script=`."""
        response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]  # the library has no types
        response["Content-Security-Policy"] = SWAGGER_POLICY
        return response
