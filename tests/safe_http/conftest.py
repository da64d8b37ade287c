"""An Internet for each test, and an authority that its clients believe."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from safe_http import Policy
from tests.safe_http.fault_servers import FaultServer, Script, serving
from tests.safe_http.internet import ADDRESS, HOST, Authority, Internet, believed

Serve = Callable[[Script], FaultServer]


@pytest.fixture(scope="session")
def authority() -> Authority:
    return believed()


@pytest.fixture
def internet() -> Iterator[Internet]:
    internet = Internet()
    with internet.plugged_in():
        yield internet


@pytest.fixture
def serve(internet: Internet, authority: Authority) -> Iterator[Serve]:
    """files.example is served by this script."""
    with ExitStack() as servers:

        def start(script: Script) -> FaultServer:
            server = servers.enter_context(serving(script, tls=authority.server(HOST)))
            internet.serve(HOST, ADDRESS, server.port)
            return server

        yield start


@pytest.fixture
def nobody() -> Policy:
    """Exempts nothing."""
    return Policy()
