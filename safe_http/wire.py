"""A connection that counts what arrives and never waits past the deadline, however the bytes are spread."""

import socket
import ssl

import httpcore2

from safe_http.deadlines import Deadline
from safe_http.errors import BrokenAnswer, SourceTooSlow, SourceUnreachable, Untrusted

MAX_HEAD_BYTES = 65_536
# A server that was told `Connection: close` has closed by now, or sends more than it announced.
EXCESS_WAIT_SECONDS = 0.25


class Wire(httpcore2.NetworkStream):
    """A socket for httpcore2; the timeouts that it is called with are left aside for the one deadline.

    Until `begin_body` what is read is the head, informational answers included: it is kept in `head`, and at most
    MAX_HEAD_BYTES of it are read. `received` counts every byte after TLS.
    """

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._socket = connection
        self._deadline = deadline
        self._reads_head = True
        self.head = bytearray()
        self.received = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - httpcore2's signature
        """At most so many bytes, as they come; none at the end."""
        data = self._receive(self._room(max_bytes))
        self.received += len(data)
        if self._reads_head:
            self.head += data
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - httpcore2's signature
        """All of it."""
        rest = memoryview(buffer)
        while rest:
            try:
                self._socket.settimeout(self._deadline.remaining())
                rest = rest[self._socket.send(rest) :]
            except TimeoutError:
                raise SourceTooSlow(detail_for_log="sending") from None
            except OSError as error:
                # httpcore2 goes on to read: a server may answer before it has heard everything.
                raise httpcore2.WriteError(error) from error

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - httpcore2's signature
    ) -> httpcore2.NetworkStream:
        """Shake hands; the certificate has to be good for `server_hostname`."""
        try:
            self._socket.settimeout(self._deadline.remaining())
            # An end without TLS's own goodbye is a broken one: somebody may have cut the body short.
            self._socket = ssl_context.wrap_socket(
                self._socket, server_hostname=server_hostname, suppress_ragged_eofs=False
            )
        except TimeoutError:
            raise SourceTooSlow(detail_for_log="the TLS handshake") from None
        except ssl.SSLCertVerificationError as error:
            raise Untrusted(
                "The source's certificate is not valid for its name.", detail_for_log=error.verify_message
            ) from error
        except (OSError, ValueError) as error:
            raise SourceUnreachable("The source does not speak TLS.", detail_for_log=str(error)) from error
        return self

    def begin_body(self) -> None:
        """The head has been read."""
        self._reads_head = False

    def sends_more(self) -> bool:
        """Whether anything comes after the announced end; a server that just stays connected is taken at its word."""
        try:
            self._socket.settimeout(min(EXCESS_WAIT_SECONDS, self._deadline.remaining()))
            return bool(self._socket.recv(1))
        except (OSError, SourceTooSlow):
            return False

    def close(self) -> None:
        """At once; nothing is said goodbye to."""
        self._socket.close()

    def _room(self, max_bytes: int) -> int:
        if not self._reads_head:
            return max_bytes
        room = MAX_HEAD_BYTES - len(self.head)
        if room <= 0:
            raise BrokenAnswer(f"The source's answer has more than {MAX_HEAD_BYTES} bytes of headers.")
        return min(max_bytes, room)

    def _receive(self, max_bytes: int) -> bytes:
        try:
            self._socket.settimeout(self._deadline.remaining())
            return self._socket.recv(max_bytes)
        except TimeoutError:
            raise SourceTooSlow(detail_for_log="receiving") from None
        except OSError as error:
            raise SourceUnreachable("The connection to the source broke.", detail_for_log=str(error)) from error
