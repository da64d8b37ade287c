"""Servers that are killed while a gateway hands in, claims and reports: a message and its event are true together.

Whatever was cut off can be done again, and then there is one of each.
"""

import secrets
from collections.abc import Iterator
from uuid import UUID

import pytest

from tests.faults import moments, sending
from tests.faults.deaths import Deaths, status_of
from tests.faults.estates import Tenant
from tests.faults.operators import DEATHS, Operator
from tests.faults.sending import Call, media_in
from tests.faults.witness import Witness
from tests.installation import Web

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

AT = "2026-01-02T03:04:05Z"
DONE = ("ingest.committed", "ingest.announced")


@pytest.fixture
def tenant(tenants: Iterator[Tenant], operator: Operator) -> Tenant:
    """Who listens to everything."""
    one = next(tenants)
    operator.does("listen", app_id=one.app_id)
    return one


@pytest.fixture
def content() -> bytes:
    """Bytes that nobody has stored yet."""
    return secrets.token_bytes(5_000)


def told(witness: Witness, tenant: Tenant) -> list[str]:
    """The events that were written."""
    of_app = "SELECT event FROM devices_webhookdelivery WHERE app_id = ? ORDER BY id"
    return [str(event) for (event,) in witness.rows(of_app, UUID(tenant.app_id))]


class TestAKilledInbound:
    @pytest.mark.parametrize("failpoint", [*moments.NEW_BYTES, moments.TOLD])
    def test_is_there_with_its_event_or_not_at_all_and_can_be_handed_in_again(
        self,
        healthy: Web,
        killed: Deaths,
        operator: Operator,
        witness: Witness,
        tenant: Tenant,
        content: bytes,
        failpoint: str,
    ) -> None:
        call = sending.inbound(tenant, content)
        killed.at(failpoint, call)
        done = failpoint in DONE
        assert (witness.ready_media_of(content), told(witness, tenant)) == (done, ["message"] * done)
        assert status_of(call, healthy) == (200 if done else 201)
        media = media_in(call.at(healthy))
        got = sending.download(tenant, media["media_path"]).at(healthy)
        assert got is not None
        assert got.document == content
        assert (witness.ready_media_of(content), told(witness, tenant)) == (1, ["message"])
        operator.does("recover")
        witness.check()

    @pytest.mark.parametrize("failpoint", [*moments.ANNOUNCING, moments.TOLD])
    def test_record_of_what_was_not_carried_likewise(
        self,
        healthy: Web,
        killed: Deaths,
        witness: Witness,
        tenant: Tenant,
        failpoint: str,
    ) -> None:
        call = sending.omitted(tenant)
        killed.at(failpoint, call)
        done = failpoint in DONE
        assert told(witness, tenant) == ["message"] * done
        assert status_of(call, healthy) == (200 if done else 201)
        assert status_of(call, healthy) == 200
        assert told(witness, tenant) == ["message"]


class TestAKilledClaim:
    @pytest.mark.parametrize("failpoint", moments.CLAIM)
    def test_is_no_claim_or_a_lease_that_runs_out(
        self, healthy: Web, killed: Deaths, tenant: Tenant, content: bytes, failpoint: str
    ) -> None:
        media_in(sending.base64_message(tenant, content).at(healthy))
        killed.at(failpoint, sending.claim(tenant))
        answer = sending.claim(tenant).at(healthy)
        assert answer is not None
        assert len(answer.document["messages"]) == 1 - moments.CLAIM[failpoint]
        outbox = Call(method="GET", path=f"/v1/devices/{tenant.device_id}/outbox", key=tenant.key).at(healthy)
        assert outbox is not None
        assert [message["claim_count"] for message in outbox.document["results"]] == [1]


class TestAKilledReceipt:
    @pytest.mark.parametrize("failpoint", moments.RECEIPT)
    def test_was_never_noted_and_can_be_noted_again(
        self,
        healthy: Web,
        killed: Deaths,
        witness: Witness,
        tenant: Tenant,
        content: bytes,
        failpoint: str,
    ) -> None:
        media = media_in(sending.base64_message(tenant, content).at(healthy))
        call = sending.receipt(tenant, media["message_id"], at=AT)
        killed.at(failpoint, call)
        assert told(witness, tenant) == []
        outcomes = [answer.document["results"][0]["outcome"] for _ in range(2) if (answer := call.at(healthy))]
        assert outcomes == ["noted", "unchanged"]
        assert told(witness, tenant) == ["receipt"]


class TestAKilledAnnouncement:
    @pytest.mark.parametrize("failpoint", moments.EXPIRING)
    @pytest.mark.parametrize("death", DEATHS)
    def test_of_what_expires_soon_is_made_once(
        self,
        healthy: Web,
        operator: Operator,
        witness: Witness,
        tenant: Tenant,
        content: bytes,
        failpoint: str,
        death: str,
    ) -> None:
        media_in(sending.base64_message(tenant, content).at(healthy))
        operator.dies("announce_expiring", at=failpoint, death=death, app_id=tenant.app_id)
        assert told(witness, tenant) == ["media.expiring"] * moments.EXPIRING[failpoint]
        operator.does("announce_expiring", app_id=tenant.app_id)
        assert told(witness, tenant) == ["media.expiring"]
