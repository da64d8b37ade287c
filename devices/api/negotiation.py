"""Which representation a client accepts (RFC 9110, section 12.5.1)."""

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request


class TypesAlone(DefaultContentNegotiation):
    """By the media types alone: no answer exists in several forms of one type.

    Parameters that a client writes would be parsed by a library for mail, which some of them make fail; and again
    while the answer is rendered, after what was asked for has been done.
    """

    def get_accept_list(self, request: Request) -> list[str]:
        """The types, in the client's order."""
        return [token.partition(";")[0].strip() for token in super().get_accept_list(request)]
