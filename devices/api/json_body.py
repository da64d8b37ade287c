"""Small JSON bodies (RFC 8259), read whole; a body that carries media is read elsewhere, as a stream."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import JSONParser

from problems.errors import MalformedJson


class JsonBody(JSONParser):
    """JSON that means one thing: UTF-8 whatever `charset` says, no duplicate keys, no NaN, bounded depth."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 - DRF's signature
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002 - DRF's signature
    ) -> Any:
        """The value of the body. Raises MalformedJson."""
        try:
            return json.loads(
                stream.read().decode("utf-8"), object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant
            )
        except RecursionError as error:
            raise MalformedJson("The body is nested too deep.") from error
        except UnicodeDecodeError as error:
            raise MalformedJson(f"The body is not UTF-8 from byte {error.start} on.", position=error.start) from error
        except json.JSONDecodeError as error:
            raise MalformedJson(f"The body is not valid JSON: {error}") from error
        except ValueError as error:
            # Python's own words tell how to have it read all the same.
            raise MalformedJson("A number in the body has too many digits.") from error


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedJson("A key stands twice in one object of the body.")
    return members


def _refuse_constant(name: str) -> Any:
    raise MalformedJson(f"{name} is no JSON value.")
