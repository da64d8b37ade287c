"""Reconciliation, killed at every moment between two writes: run again, it ends as if it had not been disturbed."""

import re

import pytest

from tests.faults import moments, reconciling
from tests.faults.reconciling import FIX, Damage, damage, process, reasons, recover
from tests.faults.witness import Witness
from tests.installation import ROOT, Installation, Web

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

NAMED = re.compile(r'reached\("(reconcile\.[a-z_.]+)"\)')


@pytest.fixture
def damaged(installed: Installation, healthy: Web, witness: Witness) -> Damage:
    return damage(installed, healthy, witness)


class TestKilledReconciliation:
    def dies(self, damaged: Damage, moment: str) -> None:
        ended = process(damaged.installed, FIX, FAILPOINTS=f"{moment}=kill")
        assert ended.returncode == -9, f"{moment} was not reached: {ended.stderr[-2000:]}"

    @pytest.mark.parametrize("moment", [*moments.LOOKING, *moments.FAILING])
    def test_before_its_first_commit_is_as_if_it_had_not_begun(self, damaged: Damage, moment: str) -> None:
        self.dies(damaged, moment)
        assert reasons(damaged) == [("ready", "")] * 2
        assert damaged.has_orphan()
        recover(damaged)

    @pytest.mark.parametrize("moment", moments.FAILED)
    def test_between_its_batches_goes_on_with_the_rest(self, damaged: Damage, moment: str) -> None:
        self.dies(damaged, moment)
        assert [status for status, _ in reasons(damaged)].count("failed") == moments.FAILED[moment]
        recover(damaged)

    @pytest.mark.parametrize("moment", moments.DELETING)
    def test_beside_a_deletion_goes_on_with_the_rest(self, damaged: Damage, moment: str) -> None:
        self.dies(damaged, moment)
        assert reasons(damaged) == [("failed", "bytes_missing")] * 2
        assert damaged.has_orphan() == (moment == "reconcile.orphans_asked")
        recover(damaged)


class TestTheCommand:
    def test_that_was_killed_is_seen_and_can_run_again(
        self, installed: Installation, healthy: Web, witness: Witness
    ) -> None:
        damaged = damage(installed, healthy, witness)
        reconciling.place(witness, damaged.orphan, None)
        run = "from django.core.management import call_command as c; import django; django.setup()"
        command = f"{run}; c('reconcile_storage', '--fix', '--yes', '--quiet')"
        assert process(installed, command, FAILPOINTS="reconcile.media_committed=kill").returncode == -9
        outcomes = "SELECT outcome, rows FROM media_store_purgerun WHERE work = 'reconcile' ORDER BY id"
        assert witness.rows(outcomes) == [("running", 0)]
        assert process(installed, command).returncode == 0
        assert [outcome for outcome, _ in witness.rows(outcomes)] == ["running", "done"]
        damaged.check()


class TestTheseTests:
    def test_know_every_moment_of_reconciliation_that_has_a_name(self) -> None:
        sources = (ROOT / "media_store").rglob("*.py")
        named = {name for path in sources for name in NAMED.findall(path.read_text())}
        tried = {*moments.LOOKING, *moments.FAILING, *moments.FAILED, *moments.DELETING, moments.VERIFYING}
        assert {moment for moment in tried if moment.startswith("reconcile.")} == named
