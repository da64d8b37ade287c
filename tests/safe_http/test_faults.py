"""Servers, names and certificates that go wrong: each ends in its own refusal, in time, and with memory flat."""

import re
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import pytest

from safe_http import Policy, Refused, SourceTooSlow, SourceUnreachable, fetch
from safe_http.addresses import why_forbidden
from tests.safe_http.fault_servers import deaf, file, says, serving
from tests.safe_http.faults import ALL, ENDLESS, INSIDE, MAX_BYTES, QUICK, Fault
from tests.safe_http.internet import ADDRESS, HOST, HTTPS, URL, Internet, believed

DEADLINE_SECONDS = 1.0
# Of what lasts until the deadline, whenever that is.
SOON_SECONDS = 0.5
GRACE_SECONDS = 0.5
FLAT_BYTES = 2_000_000

# tests/conftest.py prints what is told as a summary.
Tell = Callable[[str, object], None]

# One of each kind of waiting; `make faults` has them all.
ALWAYS = {"a name that takes its time", "a handshake byte by byte", "headers one by one", "a body byte by byte"}
# Before 3.11.4 Python took every end of a TLS connection for one with a goodbye, where it was built with OpenSSL 3.
CUTS = {"a half close in the body", "an end without goodbye, where only the end says that it is one"}
cannot_tell = pytest.mark.skipif(sys.version_info < (3, 11, 4), reason="this Python cannot tell an end from a cut")


def marks_of(name: str) -> list[pytest.MarkDecorator]:
    long = [] if name in QUICK or name in ALWAYS else [pytest.mark.faults]
    return [*long, cannot_tell] if name in CUTS else long


CASES = [pytest.param(fault, id=name, marks=marks_of(name)) for name, fault in ALL.items()]


@contextmanager
def going_wrong(fault: Fault, internet: Internet) -> Iterator[None]:
    """files.example as the fault has it; what it must not lead to would answer, if it were asked."""
    with serving(fault.script, tls=fault.tls()) as server, serving(says(file()), tls=believed().server(HOST)) as inside:
        internet.names |= {HOST: fault.answers, "inside.example": [INSIDE]}
        internet.routes |= {(ADDRESS, HTTPS): server.port, (INSIDE, HTTPS): inside.port}
        yield
        assert inside.peers == 0


def refusal_of(internet: Internet, *, deadline_seconds: float = DEADLINE_SECONDS) -> tuple[Refused, float]:
    """How a fetch ends, and after how many seconds."""
    began = time.monotonic()
    with pytest.raises(Refused) as caught:
        fetch(
            URL,
            sink=lambda _: None,
            max_bytes=MAX_BYTES,
            deadline_seconds=deadline_seconds,
            policy=Policy(),
            resolver=internet.resolver,
            tls=believed().believer(),
        )
    return caught.value, time.monotonic() - began


class TestAFault:
    @pytest.mark.parametrize("fault", CASES)
    def test_ends_in_its_own_refusal_in_time(self, fault: Fault, internet: Internet) -> None:
        deadline = SOON_SECONDS if fault.refusal is SourceTooSlow else DEADLINE_SECONDS
        with going_wrong(fault, internet):
            refusal, seconds = refusal_of(internet, deadline_seconds=deadline)
        assert type(refusal) is fault.refusal, (refusal, refusal.detail_for_log)
        assert getattr(refusal, "status", None) == fault.status
        assert seconds < deadline + GRACE_SECONDS
        # Whatever was connected to had been judged, and nothing of it is told.
        assert all(why_forbidden(ip_address(address)) is None for address, _ in internet.connected)
        assert not re.search(r"\d+\.\d+\.\d+|::|:\d", str(refusal))

    @pytest.mark.parametrize("name", ENDLESS)
    def test_without_end_fills_no_memory(self, name: str, internet: Internet) -> None:
        with going_wrong(ALL[name], internet):
            tracemalloc.start()
            try:
                refusal_of(internet)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        assert peak < FLAT_BYTES

    def test_is_one_of_many(self, record_property: Tell) -> None:
        record_property("summary", f"{len(ALL)} faults, {len(ENDLESS)} of them without end")
        assert len(ALL) >= 45

    def test_of_nobody_listening_is_unreachable(self, internet: Internet) -> None:
        internet.names[HOST] = [ADDRESS]
        refusal, _ = refusal_of(internet)
        assert type(refusal) is SourceUnreachable

    def test_of_a_deaf_server_is_too_slow(self, internet: Internet) -> None:
        internet.names[HOST] = [ADDRESS]
        with deaf() as port:
            internet.routes[ADDRESS, HTTPS] = port
            refusal, seconds = refusal_of(internet, deadline_seconds=SOON_SECONDS)
        assert type(refusal) is SourceTooSlow
        assert seconds < SOON_SECONDS + GRACE_SECONDS

    def test_leaves_no_thread_behind_but_a_look_up(self, internet: Internet) -> None:
        with going_wrong(ALL["a header without a colon"], internet):
            refusal_of(internet)
            assert not [thread for thread in threading.enumerate() if thread.name == "safe_http look-up"]
