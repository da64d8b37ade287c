"""Look-ups: judged, and never longer than allowed."""

import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from safe_http import Policy, Refused, SourceForbidden, SourceTooSlow, fetch, system_resolver
from safe_http.addresses import parse_address, why_forbidden
from safe_http.deadlines import Deadline
from safe_http.resolving import MAX_LOOK_UPS, look_up
from tests.safe_http.internet import ADDRESS, HOST, URL, Internet, believed

ANSWERS = st.one_of(
    st.ip_addresses().map(str),
    st.ip_addresses(network="93.184.216.0/24").map(str),
    st.ip_addresses(network="2606:2800::/32").map(str),
    st.sampled_from(["127.0.0.1", "10.0.0.7", "::1", "::ffff:10.0.0.7", "fe80::1%lo", "127.1", ""]),
)


def is_public(answer: str) -> bool:
    address = parse_address(answer)
    return address is not None and why_forbidden(address) is None


class TestALookUp:
    @given(st.lists(ANSWERS, max_size=5))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_leads_to_connections_to_what_was_judged_and_to_nothing_else(self, answers: list[str]) -> None:
        internet = Internet(answers_to_all=answers)
        with internet.plugged_in(), pytest.raises(Refused) as caught:
            fetch(
                URL,
                sink=lambda _: None,
                max_bytes=1,
                deadline_seconds=5,
                policy=Policy(),
                resolver=internet.resolver,
                tls=believed().believer(),
            )
        all_public = all(map(is_public, answers))
        assert isinstance(caught.value, SourceForbidden) != all_public
        assert bool(internet.connected) == (all_public and bool(answers))
        assert {address for address, _ in internet.connected} <= {str(parse_address(answer)) for answer in answers}

    def test_that_hangs_is_left_behind_and_keeps_its_place(self) -> None:
        ended = threading.Event()

        def hanging(_: str, __: int, /) -> list[str]:
            ended.wait(10)
            return [ADDRESS]

        def give_up() -> None:
            with pytest.raises(SourceTooSlow):
                look_up(HOST, 443, resolver=hanging, deadline=Deadline.after(0.1))

        askers = [threading.Thread(target=give_up) for _ in range(MAX_LOOK_UPS)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        began = time.monotonic()
        with pytest.raises(SourceTooSlow) as refusal:
            look_up(HOST, 443, resolver=lambda *_: [ADDRESS], deadline=Deadline.after(0.2))
        assert "place" in refusal.value.detail_for_log
        assert time.monotonic() - began < 0.5
        ended.set()
        assert look_up(HOST, 443, resolver=lambda *_: [ADDRESS], deadline=Deadline.after(5)) == [ADDRESS]

    def test_lets_a_fault_of_the_resolver_be_seen(self) -> None:
        def faulty(_: str, __: int, /) -> list[str]:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            look_up(HOST, 443, resolver=faulty, deadline=Deadline.after(5))

    def test_by_the_system_finds_what_the_system_knows(self) -> None:
        assert set(system_resolver("localhost", 443)) <= {"127.0.0.1", "::1"}

    def test_by_the_system_ends_at_the_loopback_all_the_same(self, internet: Internet) -> None:
        internet.answers_to_all = list(system_resolver("localhost", 443))
        with pytest.raises(SourceForbidden) as refusal:
            fetch(
                URL,
                sink=lambda _: None,
                max_bytes=1,
                deadline_seconds=5,
                policy=Policy(),
                resolver=internet.resolver,
            )
        assert "127.0.0.1" not in str(refusal.value)
        assert "loopback" in refusal.value.detail_for_log
