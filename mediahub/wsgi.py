"""The WSGI application."""

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediahub.settings")


class Request(WSGIRequest):
    """A request whose query and fields are UTF-8, whatever charset the type of its body names.

    Django would read the query in that charset: other words than were meant, or, where it is none for text, a fault
    before any middleware.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class Handler(WSGIHandler):
    """Django's own, with such requests."""

    request_class = Request


django.setup(set_prefix=False)
application = Handler()
