"""A store that fails while it is reconciled: nothing is concluded from a fault, and the next run puts all right."""

import threading
from collections.abc import Iterator

import pytest

from tests.faults.fault_proxy import Proxy
from tests.faults.reconciling import FIX, Damage, damage, process, reasons, recover
from tests.faults.test_storage_faults import FAULTS
from tests.faults.witness import Witness
from tests.installation import Installation, Web

pytestmark = [pytest.mark.faults, pytest.mark.services, pytest.mark.timeout(180)]

# The listing and the mark; the bucket and the single object.
ASKING = ("GET", "HEAD")


@pytest.fixture(scope="module")
def installed(on_services: Installation) -> Installation:
    """Over the real services only."""
    return on_services


@pytest.fixture(scope="module")
def proxy(installed: Installation) -> Iterator[Proxy]:
    """Between the operator's process and its store."""
    with Proxy(installed.own_env["AWS_ENDPOINT_URL"]) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def damaged(installed: Installation, healthy: Web, witness: Witness) -> Damage:
    return damage(installed, healthy, witness)


def fix_through(proxy: Proxy, installed: Installation) -> int:
    """The exit code of a run that reaches its store through the proxy."""
    settings = {"DJANGO_SETTINGS_MODULE": "tests.faults.impatient", "AWS_ENDPOINT_URL": proxy.url}
    return process(installed, FIX, **settings).returncode


class TestReconcilingAFailingStore:
    @pytest.mark.parametrize("fault", FAULTS)
    @pytest.mark.parametrize("method", ASKING)
    def test_that_does_not_answer_what_is_asked_changes_nothing(
        self, proxy: Proxy, damaged: Damage, method: str, fault: str
    ) -> None:
        with proxy.failing(FAULTS[fault], methods=(method,)):
            assert fix_through(proxy, damaged.installed) != 0
            assert method in proxy.seen
        assert reasons(damaged) == [("ready", "")] * 2
        assert damaged.has_orphan()
        recover(damaged)

    @pytest.mark.parametrize("fault", FAULTS)
    def test_that_does_not_delete_what_it_should_is_asked_again(
        self, proxy: Proxy, damaged: Damage, fault: str
    ) -> None:
        with proxy.failing(FAULTS[fault], methods=("POST",)):
            assert fix_through(proxy, damaged.installed) != 0
            assert "POST" in proxy.seen
        recover(damaged)
