"""The documentation page of the codes, which every answer's `type` links to."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from problems.table import TABLE

# Nothing from elsewhere; the page's own style stands in it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


@require_safe
@cache_control(max_age=300)
def documentation(request: HttpRequest) -> HttpResponse:
    """Every code, by status."""
    entries = sorted(TABLE.values(), key=lambda entry: entry.status)
    response = render(request, "problems.html", {"entries": entries})
    response["Content-Security-Policy"] = POLICY
    return response
