"""Whoever takes media or objects away is killed between every two writes: nothing is lost, nothing is left.

After one pass of recovery the rows and objects are those of a run that nobody disturbed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.faults import moments, sending
from tests.faults.deaths import Deaths, status_of
from tests.faults.estates import Census, Estate
from tests.faults.operators import DEATHS, Operator
from tests.faults.sending import Call
from tests.faults.witness import Witness
from tests.installation import Installation, Web

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]


@dataclass(frozen=True, kw_only=True)
class Deed:
    """A verb of an operator, and how the estate is made ready for it. `moments` are those at which he may die."""

    verb: str
    moments: tuple[str, ...]
    prepare: Callable[[Estate], None]
    batch_rows: int | None = 1
    of_app: bool = False
    uploads_abandoned: bool = False
    takes_all: bool = False
    sweep: bool = False

    def arguments(self, estate: Estate) -> dict[str, object]:
        """Of the verb."""
        batch = {} if self.batch_rows is None else {"batch_rows": self.batch_rows}
        return {**batch, **({"app_id": estate.tenant.app_id} if self.of_app else {})}


DEEDS = {
    "purge": Deed(verb="purge", moments=moments.PURGE, prepare=lambda estate: estate.expire(*estate.going)),
    "collection": Deed(
        verb="collect",
        moments=moments.COLLECTION,
        prepare=lambda estate: estate.remove(*estate.going),
        batch_rows=None,
        uploads_abandoned=True,
    ),
    "device": Deed(
        verb="finish_destroyed",
        moments=moments.DESTRUCTION,
        prepare=lambda estate: estate.destroy_device(),
        batch_rows=2,
    ),
    "app": Deed(
        verb="destroy_app",
        moments=moments.AFTER_THE_MARK,
        prepare=lambda estate: None,
        batch_rows=2,
        of_app=True,
        uploads_abandoned=True,
        takes_all=True,
    ),
    "sweep": Deed(
        verb="sweep_windows",
        moments=moments.SWEEP,
        prepare=lambda estate: estate.remove(*estate.going),
        sweep=True,
    ),
}
CASES = [
    pytest.param(name, failpoint, death, id=f"{name}-{failpoint}-{death}")
    for name, deed in DEEDS.items()
    for failpoint in deed.moments
    for death in DEATHS
]


@pytest.fixture(scope="module")
def undisturbed(installed: Installation) -> dict[str, Census]:
    """What each deed leaves on this installation where nobody is killed."""
    return {}


@pytest.fixture
def census_of(
    undisturbed: dict[str, Census], estate_of: Callable[[], Estate], operator: Operator, killed: Deaths
) -> Callable[[str], Census]:
    """Found out by the first who asks."""

    def found(name: str) -> Census:
        if name not in undisturbed:
            estate, deed = estate_of(), DEEDS[name]
            make_ready(estate, deed, killed)
            operator.does(deed.verb, **deed.arguments(estate))
            operator.does("recover", sweep=deed.sweep)
            undisturbed[name] = estate.census()
        return undisturbed[name]

    return found


def make_ready(estate: Estate, deed: Deed, killed: Deaths) -> None:
    if deed.uploads_abandoned:
        estate.abandon_uploads(killed)
    deed.prepare(estate)


class TestKilledOperator:
    @pytest.mark.parametrize(("name", "failpoint", "death"), CASES)
    def test_leaves_what_one_pass_of_recovery_ends(
        self,
        estate: Estate,
        operator: Operator,
        killed: Deaths,
        witness: Witness,
        census_of: Callable[[str], Census],
        name: str,
        failpoint: str,
        death: str,
    ) -> None:
        deed, expected = DEEDS[name], census_of(name)
        make_ready(estate, deed, killed)
        operator.dies(deed.verb, at=failpoint, death=death, **deed.arguments(estate))
        witness.check()
        estate.assert_out_of_reach()
        if not deed.takes_all:
            estate.assert_readable(*estate.staying)
        operator.does("recover", sweep=deed.sweep)
        witness.check()
        estate.assert_out_of_reach()
        assert estate.census() == expected
        if not deed.takes_all:
            estate.assert_readable(*estate.staying)
            estate.assert_held_is_whole()


class TestUndisturbedDeed:
    @pytest.mark.parametrize("name", ["purge", "collection", "device"])
    def test_takes_what_was_to_go_and_nothing_else(self, census_of: Callable[[str], Census], name: str) -> None:
        """The measure of the killed ones is itself held against what an estate has."""
        census = census_of(name)
        assert census["objects"] == 2
        assert census["blobs"] == {"('ready',)": 2}
        assert census["notes"] == {}
        assert sum(census["media"].values()) == (2 if name == "device" else 6)

    def test_of_an_app_leaves_its_trail(self, census_of: Callable[[str], Census]) -> None:
        census = dict(census_of("app"))
        trail = census.pop("trail")
        assert sum(census.pop("destroyed").values()) == 6
        assert set(map(bool, census.values())) == {False}
        assert trail["('app_cleared',)"] == 1
        assert trail["('device_cleared',)"] == 2


MARKS: dict[str, Callable[[Estate], Call]] = {
    **dict.fromkeys(moments.REMOVAL, lambda estate: sending.removal(estate.tenant, estate.going[0]["id"])),
    **dict.fromkeys(moments.DEVICE_MARK, Estate.destruction),
}


class TestKilledRequest:
    @pytest.mark.parametrize("death", DEATHS)
    @pytest.mark.parametrize("failpoint", MARKS)
    def test_is_as_if_it_had_not_begun_and_can_run_again(
        self,
        estate: Estate,
        operator: Operator,
        healthy: Web,
        killed: Deaths,
        witness: Witness,
        failpoint: str,
        death: str,
    ) -> None:
        call, before = MARKS[failpoint](estate), estate.census()
        killed.at(failpoint, call, death=death)
        assert estate.census() == before
        estate.assert_readable(*estate.going, *estate.staying)
        assert status_of(call, healthy) == 204
        estate.going = estate.going if failpoint in moments.DEVICE_MARK else estate.going[:1]
        estate.assert_out_of_reach()
        operator.does("recover")
        witness.check()
        estate.assert_out_of_reach()
        estate.assert_readable(*estate.staying)
        assert estate.census()["objects"] == (2 if failpoint in moments.DEVICE_MARK else 3)


class TestKilledMarkOfAnApp:
    @pytest.mark.parametrize("death", DEATHS)
    def test_is_as_if_it_had_not_begun_and_can_run_again(
        self, estate: Estate, operator: Operator, witness: Witness, census_of: Callable[[str], Census], death: str
    ) -> None:
        arguments = {"app_id": estate.tenant.app_id, "batch_rows": 2}
        operator.dies("destroy_app", at=moments.APP_MARK, death=death, **arguments)
        estate.assert_readable(*estate.going, *estate.staying)
        operator.does("destroy_app", **arguments)
        witness.check()
        estate.assert_out_of_reach()
        assert estate.census() == census_of("app")


class TestKilledChange:
    """What takes nothing away, and decides what is taken later."""

    @pytest.mark.parametrize("failpoint", moments.RULES)
    @pytest.mark.parametrize("death", DEATHS)
    def test_of_a_rule_is_applied_again(
        self, estate: Estate, operator: Operator, witness: Witness, failpoint: str, death: str
    ) -> None:
        """By small batches, the first of which it has behind it."""
        operator.does("set_rule", app_id=estate.tenant.app_id, keep_days=3)
        operator.dies("apply_rules", at=failpoint, death=death, batch_rows=2)
        operator.does("apply_rules", batch_rows=2)
        kept = witness.rows("SELECT expiry_rule FROM media_store_media WHERE app_id = ?", estate.app_id)
        assert set(kept) == {("this app: all media, 3 days",)}
        witness.check()

    @pytest.mark.parametrize("death", DEATHS)
    def test_of_a_hold_leaves_none_and_can_be_made_again(
        self, estate: Estate, operator: Operator, witness: Witness, healthy: Web, death: str
    ) -> None:
        media = estate.going[0]
        operator.dies("hold", at=moments.HOLD, death=death, media_id=media["id"])
        assert witness.rows("SELECT count(*) FROM media_store_legalhold WHERE app_id = ?", estate.app_id) == [(1,)]
        operator.does("hold", media_id=media["id"])
        assert status_of(sending.removal(estate.tenant, media["id"]), healthy) == 409
        estate.assert_readable(media)

    @pytest.mark.parametrize("failpoint", moments.RECEIPT)
    @pytest.mark.parametrize("death", DEATHS)
    def test_of_a_delivery_can_be_noted_again(
        self, estate: Estate, operator: Operator, failpoint: str, death: str
    ) -> None:
        media = estate.going[0]
        operator.dies("note_delivery", at=failpoint, death=death, media_id=media["id"])
        assert operator.does("note_delivery", media_id=media["id"]) is True
        assert operator.does("note_delivery", media_id=media["id"]) is False


class TestKilledLoser:
    @pytest.mark.parametrize("death", DEATHS)
    def test_of_a_race_leaves_the_winner_whole(
        self, installed: Installation, estate: Estate, operator: Operator, witness: Witness, death: str
    ) -> None:
        text = f"the same bytes twice, {death} {estate.app_id}"
        arguments = {"app_id": estate.tenant.app_id, "text": text}
        operator.dies("lose_the_race", at=moments.RACE, death=death, **arguments)
        assert sorted(witness.states_of(text.encode())) == ["pending", "ready"]
        witness.check()
        operator.does("recover")
        assert witness.states_of(text.encode()) == ["ready"]
        assert witness.bytes_of(text.encode()) == text.encode()
        witness.check()
        assert list(installed.spool.glob("*")) == []
