"""A store that fails while objects are collected: no row goes before its object, and in the end all are gone."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.faults import fault_proxy, operators
from tests.faults.deaths import Deaths
from tests.faults.estates import Estate
from tests.faults.fault_proxy import Fault, Proxy
from tests.faults.operators import Operator
from tests.faults.witness import Bucket, Witness
from tests.installation import Installation

pytestmark = [pytest.mark.faults, pytest.mark.services, pytest.mark.timeout(180)]

FAULTS: dict[str, Fault] = {
    "timeout": fault_proxy.silent,
    "500": fault_proxy.refusing(500, "InternalError"),
    "503": fault_proxy.refusing(503, "SlowDown"),
    "access denied": fault_proxy.refusing(403, "AccessDenied"),
    "connection reset": fault_proxy.reset,
    "applied but answer lost": fault_proxy.answer_lost,
}
ROWS = ("media_store_media", "media_store_blob", "media_store_blobrelease")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The requests that one step of collection makes."""

    method: str
    where: str = ""


PROOF = {"bucket": Stage(method="HEAD"), "mark": Stage(method="GET", where=".mediahub")}
PARTS = {"parts listed": Stage(method="GET", where="uploads"), "parts aborted": Stage(method="DELETE")}


@pytest.fixture(scope="module")
def installed(on_services: Installation) -> Installation:
    """Over the real services only."""
    return on_services


@pytest.fixture(scope="module")
def through_proxy(installed: Installation, operator: Operator, proxy: Proxy) -> Iterator[Operator]:
    """An operator whose processes reach the store through the proxy, and do not wait for it for long."""
    settings = {"DJANGO_SETTINGS_MODULE": "tests.faults.impatient", "AWS_ENDPOINT_URL": proxy.url}
    with operators.at_work(installed, **settings) as operator_behind:
        yield operator_behind


@pytest.fixture
def condemned(estate: Estate, operator: Operator, killed: Deaths) -> Estate:
    """Five objects are to be deleted: three, and what two killed uploads left."""
    estate.abandon_uploads(killed)
    estate.remove(*estate.going)
    operator.does("condemn")
    return estate


def assert_ends_well(estate: Estate, operator: Operator, witness: Witness) -> None:
    """As if the store had never failed."""
    operator.does("recover")
    witness.check()
    census = estate.census()
    assert (census["objects"], census["blobs"], census["notes"]) == (2, {"('ready',)": 2}, {})
    estate.assert_readable(*estate.staying)
    estate.assert_held_is_whole()


class TestStoreThatFails:
    @pytest.mark.parametrize("fault", FAULTS)
    def test_at_the_delete_keeps_every_row(
        self,
        operator: Operator,
        through_proxy: Operator,
        proxy: Proxy,
        witness: Witness,
        condemned: Estate,
        fault: str,
    ) -> None:
        rows = witness.dump(*ROWS)
        with proxy.failing(FAULTS[fault], methods=("POST",)):
            assert through_proxy.does("task", name="collect") == 0
            assert proxy.seen
        outcome, errors, error = witness.last_run()
        assert (outcome, errors) == ("failed", 1)
        assert error.startswith("The media storage did not answer; nothing was lost. It said: ")
        assert witness.dump(*ROWS) == rows
        witness.check()
        condemned.assert_out_of_reach()
        assert_ends_well(condemned, operator, witness)

    @pytest.mark.parametrize("fault", ["timeout", "500", "access denied", "connection reset"])
    @pytest.mark.parametrize("stage", PROOF)
    def test_at_the_proof_keeps_every_row_and_object(
        self,
        operator: Operator,
        through_proxy: Operator,
        proxy: Proxy,
        witness: Witness,
        condemned: Estate,
        stage: str,
        fault: str,
    ) -> None:
        rows, keys = witness.dump(*ROWS), witness.store.keys()
        with proxy.failing(FAULTS[fault], methods=(PROOF[stage].method,), where=PROOF[stage].where):
            assert through_proxy.does("task", name="collect") == 0
            assert proxy.seen
        assert witness.last_run()[:2] == ("failed", 1)
        assert witness.dump(*ROWS) == rows
        assert witness.store.keys() == keys
        assert_ends_well(condemned, operator, witness)

    @pytest.mark.parametrize("fault", ["500", "access denied", "applied but answer lost"])
    @pytest.mark.parametrize("stage", PARTS)
    def test_at_the_parts_of_a_killed_upload_deletes_the_others(
        self,
        operator: Operator,
        through_proxy: Operator,
        proxy: Proxy,
        witness: Witness,
        condemned: Estate,
        stage: str,
        fault: str,
    ) -> None:
        with proxy.failing(FAULTS[fault], methods=(PARTS[stage].method,), where=PARTS[stage].where):
            assert through_proxy.does("task", name="collect") == 2
            assert proxy.seen
        assert witness.last_run() == ("partly", 2, "unfinished upload")
        assert condemned.census()["blobs"] == {"('ready',)": 2, "('condemned',)": 2}
        witness.check()
        assert_ends_well(condemned, operator, witness)

    @pytest.mark.parametrize("fault", ["one key refused"])
    def test_for_one_key_keeps_the_row_of_that_one(
        self,
        operator: Operator,
        through_proxy: Operator,
        proxy: Proxy,
        witness: Witness,
        condemned: Estate,
        fault: str,
    ) -> None:
        store = witness.store
        assert isinstance(store, Bucket)
        with proxy.failing(fault_proxy.refusing_first_key(store.delete), methods=("POST",)):
            through_proxy.does("task", name="collect")
        assert witness.last_run() == ("partly", 1, "AccessDenied")
        kept = witness.rows("SELECT collect_attempts FROM media_store_blob WHERE collect_error = 'AccessDenied'")
        assert kept == [(1,)]
        witness.check()
        assert_ends_well(condemned, operator, witness)


class TestStoreThatFailsOnce:
    @pytest.mark.parametrize("fault", [name for name in FAULTS if name != "access denied"])
    def test_is_asked_again_at_once(
        self,
        operator: Operator,
        through_proxy: Operator,
        proxy: Proxy,
        witness: Witness,
        condemned: Estate,
        fault: str,
    ) -> None:
        with proxy.failing(FAULTS[fault], times=1, methods=("POST",)):
            through_proxy.does("task", name="collect")
            assert proxy.seen == ["POST", "POST"]
        assert witness.last_run() == ("done", 0, "")
        assert_ends_well(condemned, operator, witness)
