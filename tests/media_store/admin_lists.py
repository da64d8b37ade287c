"""The admin's lists, as a browser uses them."""

import re
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.people import Answer

MEDIA = "/admin/media_store/media/"


def page_of(media: dict[str, Any]) -> str:
    return f"{MEDIA}{media['id']}/change/"


def content_of(media: dict[str, Any]) -> str:
    return f"{MEDIA}{media['id']}/content"


def shown(client: Client, address: str, **query: Any) -> str:
    """The page, which must be there."""
    answer = client.get(address, query)
    assert answer.status_code == 200, answer.get("Location")
    return answer.content.decode()


def selected(client: Client, address: str, **query: Any) -> list[str]:
    """The ids of the rows that a list shows."""
    found = re.findall(rf'href="{address}([0-9a-f-]+)/change/', shown(client, address, **query))
    return list(dict.fromkeys(found))


def act(client: Client, address: str, action: str, *pks: object, **more: Any) -> Answer:
    """Choose an action for these rows, and follow where it leads."""
    return client.post(address, {"action": action, "_selected_action": [str(pk) for pk in pks], **more}, follow=True)


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        shown(client, address)
    return len(captured)


def costs_the_same(client: Client, address: str, add_row: Callable[[int], object]) -> bool:
    """Whether the list asks as often for five rows as for one."""
    add_row(0)
    # What is cached for the process is not the list's.
    shown(client, address)
    one = queries_of(client, address)
    for number in range(1, 5):
        add_row(number)
    assert len(selected(client, address)) >= 5
    return queries_of(client, address) == one
