"""Servers that die at one moment each."""

import http.client
from contextlib import ExitStack

from tests.faults.sending import Call
from tests.installation import Installation, Web


class Deaths:
    """Started when first asked for; their masters start the next worker."""

    def __init__(self, installed: Installation, stack: ExitStack) -> None:
        self._installed = installed
        self._stack = stack
        self._servers: dict[str, Web] = {}

    def at(self, failpoint: str, call: Call, *, death: str = "kill", **env: str) -> None:
        """Make the call at the server that dies there, and see it die."""
        settings = {"FAILPOINTS": f"{failpoint}={death}", **env}
        server = self._servers.get(str(settings)) or self._start(settings)
        assert call.at(server) is None, f"{failpoint} was not reached"

    def _start(self, settings: dict[str, str]) -> Web:
        server = self._stack.enter_context(self._installed.web(WEB_CONCURRENCY="1", **settings))
        self._servers[str(settings)] = server
        return server


def status_of(call: Call, web: Web) -> int:
    """How the server answers."""
    answer = call.at(web)
    assert answer is not None, "no answer"
    return answer.status


GONE = {http.client.GONE, http.client.NOT_FOUND, http.client.UNAUTHORIZED}
