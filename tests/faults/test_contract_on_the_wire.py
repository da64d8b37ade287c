"""The OpenAPI document against the running web process: all of schemathesis's checks, over a real connection."""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from tests.installation import Web
from tests.media_files import jpeg
from tests.people import Person
from tests.test_contract import CONFIG, document, named

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1_500)]

EXAMPLES = max(10, int(os.environ.get("FUZZ_EXAMPLES") or 0) // 20)
on_the_wire = schemathesis.openapi.from_dict(document.raw_schema, config=SchemathesisConfig.from_dict(CONFIG))


@pytest.fixture
def alice(server: Web) -> Person:
    return Person.named("alice")


@pytest.fixture
def names(alice: Person) -> dict[str, str]:
    media = alice.sent(jpeg())
    return {"device_id": str(alice.device.pk), "id": media["id"], "path": media["media_path"]}


class TestTheContract:
    @on_the_wire.parametrize()
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def test_holds_over_a_connection(
        self, case: schemathesis.Case[Any], server: Web, alice: Person, names: dict[str, str]
    ) -> None:
        named(case, names)
        case.call_and_validate(base_url=server.url, headers={"Authorization": f"Bearer {alice.token}"})
