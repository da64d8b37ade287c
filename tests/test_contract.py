"""The OpenAPI document is true: it is valid, and says of each operation what it does, needs and refuses."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from media_store import mime_types
from media_store.api.listing import MediaFilterSet
from problems.table import TABLE
from tests.openapi import DOCUMENT

pytestmark = pytest.mark.once

OPERATIONS = [
    pytest.param(operation, id=f"{method.upper()} {path}")
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
PROBLEM = "application/problem+json"


class TestTheDocument:
    def test_is_valid_and_made_without_a_warning(self) -> None:
        call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_says_what_each_operation_does_and_needs(self, operation: dict[str, Any]) -> None:
        assert operation["summary"]
        assert operation["tags"]
        scopes = ("media:read", "media:write", "devices", "webhooks", "keys", "gateway", "Any live key", "No key")
        assert any(scope in operation["description"] for scope in scopes), operation["description"]

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_names_the_problems_of_each_operation(self, operation: dict[str, Any]) -> None:
        refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert ({"500"} if "No key" in operation["description"] else {"401", "500"}) <= set(refusals)
        for status, answer in refusals.items():
            assert list(answer["content"]) == [PROBLEM]
            examples = [example["value"] for example in answer["content"][PROBLEM]["examples"].values()]
            assert examples
            for example in examples:
                assert str(TABLE[example["code"]].status) == status
                assert example["title"] == TABLE[example["code"]].title

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_names_what_may_happen_to_any_body_and_to_any_accept(self, operation: dict[str, Any]) -> None:
        answers_bytes = operation["operationId"] in ("download", "media_download", "link_follow")
        assert ("406" in operation["responses"]) is not answers_bytes
        if "application/json" in operation.get("requestBody", {}).get("content", {}):
            assert {"400", "408", "413", "415"} <= set(operation["responses"])

    def test_says_that_what_was_not_sent_has_no_delivery(self) -> None:
        """In OpenAPI 3.0 `nullable` means nothing beside a reference to words of which none is null."""
        delivery = DOCUMENT["components"]["schemas"]["Media"]["properties"]["delivery"]
        assert delivery["nullable"]
        assert {each["$ref"].rpartition("/")[2] for each in delivery["oneOf"]} == {"DeliveryEnum", "NullEnum"}

    def test_describes_every_filter(self) -> None:
        described = {each["name"] for each in DOCUMENT["paths"]["/v1/media"]["get"]["parameters"]}
        assert described == set(MediaFilterSet.base_filters) | {"cursor", "limit"}

    def test_says_that_downloads_are_bytes_of_each_served_type(self) -> None:
        for path in ("/media", "/v1/media/{id}/content", "/v1/links/{id}"):
            answers = DOCUMENT["paths"][path]["get"]["responses"]
            for status in ("200", "206"):
                content = answers[status]["content"]
                assert set(content) == {*mime_types.SERVED_TYPES, "application/octet-stream"}
                assert {each["schema"]["format"] for each in content.values()} == {"binary"}
            assert "content" not in answers["304"]
