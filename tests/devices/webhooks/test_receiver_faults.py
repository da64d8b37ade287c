"""Receivers, names and certificates that go wrong: no event is lost, and none is sent to an address inside."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

import safe_http
from devices import webhooks
from devices.models import WebhookDelivery
from safe_http.addresses import why_forbidden
from tests.devices.conftest import Tenant
from tests.devices.webhooks.conftest import HOUR, announce, send_due, subscribed
from tests.safe_http.fault_servers import deaf, file, head, says, serving
from tests.safe_http.faults import ALL, INSIDE, NAMES, QUICK, Fault, good, rebinding
from tests.safe_http.internet import ADDRESS, HOST, HTTPS, Internet, believed

pytestmark = pytest.mark.once

URL = f"https://{HOST}/hook?token=secret"
DEADLINE_SECONDS = 1
# Of those that are waited for one; `make faults` has them all.
SLOW = {"a body byte by byte"}
REDIRECTS_INSIDE = {"a redirect to a name inside", "a redirect to the metadata service"}
OWN = {
    "an endpoint that is gone": Fault(script=says(head("410 Gone", "Content-Length: 0")), refusal=safe_http.BadStatus),
    "too many requests": Fault(
        script=says(head("429 Too Many Requests", "Retry-After: 30", "Content-Length: 0")), refusal=safe_http.BadStatus
    ),
    "a Retry-After that is none": Fault(
        script=says(head("503 Service Unavailable", "Retry-After: \xff\x80", "Content-Length: 0")),
        refusal=safe_http.BadStatus,
    ),
    "an answer that is no text": Fault(
        script=says(head("500 Oh", "Content-Length: 4") + b"\0\xff\xd8\0"), refusal=safe_http.BadStatus
    ),
}
FAULTS = ALL | OWN
# Names are judged here, at every attempt; of what else goes wrong a sender sees the refusal alone.
FIRST_OF_EACH_REFUSAL = {fault.refusal: name for name, fault in reversed(QUICK.items())}.values()
IN_SHORT = {*NAMES, *OWN, *SLOW, *FIRST_OF_EACH_REFUSAL, *REDIRECTS_INSIDE}
CASES = [
    pytest.param(fault, id=name, marks=() if name in IN_SHORT else pytest.mark.faults) for name, fault in FAULTS.items()
]


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Internet]:
    """The Internet of the guarded client's own tests; whoever sends webhooks believes its authority."""
    internet = Internet()
    settings.WEBHOOK_DEADLINE_SECONDS = DEADLINE_SECONDS
    guarded = functools.partial(safe_http.post, resolver=internet.resolver, tls=believed().believer())
    monkeypatch.setattr(safe_http, "post", guarded)
    with internet.plugged_in():
        yield internet


@contextmanager
def going_wrong(fault: Fault, internet: Internet) -> Iterator[None]:
    """The receiver as the fault has it; what it must not lead to would take the event, if it were asked."""
    with serving(fault.script, tls=fault.tls()) as server, serving(says(file()), tls=believed().server(HOST)) as inside:
        internet.names |= {HOST: fault.answers, "inside.example": [INSIDE]}
        internet.routes |= {(ADDRESS, HTTPS): server.port, (INSIDE, HTTPS): inside.port}
        yield
        assert inside.peers == 0


@contextmanager
def going_well(internet: Internet) -> Iterator[None]:
    with serving(says(file()), tls=good()) as server:
        internet.names[HOST] = [ADDRESS]
        internet.routes[ADDRESS, HTTPS] = server.port
        yield


class TestAFault:
    @pytest.mark.parametrize("fault", CASES)
    def test_loses_no_event_and_leads_nowhere_inside(self, alice: Tenant, internet: Internet, fault: Fault) -> None:
        subscribed(alice, URL)
        announce(alice)
        with going_wrong(fault, internet):
            assert send_due() == 1
        delivery = WebhookDelivery.objects.select_related("endpoint").get()
        (attempt,) = delivery.log
        took = attempt["status"] is not None and 200 <= attempt["status"] < 300
        assert attempt["seconds"] < DEADLINE_SECONDS + 1
        assert (delivery.state == "delivered") == took
        assert (attempt["code"] is None) == took
        # Whatever was connected to had been judged.
        assert all(why_forbidden(ip_address(address)) is None for address, _ in internet.connected)
        if not took:
            self._is_delivered_later(delivery, internet)

    @staticmethod
    def _is_delivered_later(delivery: WebhookDelivery, internet: Internet) -> None:
        if delivery.endpoint.disabled_reason:
            assert (delivery.state, delivery.endpoint.disabled_reason) == ("dead", "gone")
            webhooks.enable(delivery.endpoint, now=timezone.now(), by="test")
            webhooks.replay(delivery, now=timezone.now())
        with going_well(internet), time_machine.travel(timezone.now() + HOUR, tick=True):
            assert send_due() == 1
        delivery.refresh_from_db()
        assert (delivery.state, len(delivery.log)) == ("delivered", 2)

    def test_is_one_of_many(self, record_property: Callable[[str, object], None]) -> None:
        record_property("summary", f"{len(FAULTS)} faults of receivers")
        assert len(FAULTS) >= 30

    def test_of_nobody_listening_is_tried_again(self, alice: Tenant, internet: Internet) -> None:
        subscribed(alice, URL)
        announce(alice)
        internet.names[HOST] = [ADDRESS]
        send_due()
        delivery = WebhookDelivery.objects.get()
        assert (delivery.state, delivery.log[0]["code"]) == ("pending", "source_unreachable")

    def test_of_a_deaf_receiver_is_tried_again(self, alice: Tenant, internet: Internet) -> None:
        subscribed(alice, URL)
        announce(alice)
        internet.names[HOST] = [ADDRESS]
        with deaf() as port:
            internet.routes[ADDRESS, HTTPS] = port
            send_due()
        delivery = WebhookDelivery.objects.get()
        assert (delivery.state, delivery.log[0]["code"]) == ("pending", "source_too_slow")

    def test_of_a_name_that_moved_inside_sends_nothing_there(self, alice: Tenant, internet: Internet) -> None:
        """Judged at every attempt, not when the webhook was created."""
        subscribed(alice, URL)
        moves = Fault(answers=rebinding(), script=says(head("500 Oh", "Content-Length: 0")), refusal=safe_http.Refused)
        announce(alice)
        with going_wrong(moves, internet):
            send_due()
            with time_machine.travel(timezone.now() + HOUR, tick=True):
                send_due()
        codes = [entry["code"] for entry in WebhookDelivery.objects.get().log]
        assert codes == ["bad_status", "source_forbidden"]
        assert WebhookDelivery.objects.get().state == "pending"
