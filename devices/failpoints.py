"""Failpoints: named moments between two writes, where a test may pause, fail or kill this process.

Nothing happens at them in service. A test in the same process uses `at`; a test that starts a real server
sets FAILPOINTS (`name=kill` for SIGKILL, `name=exit` for an exit without clean-up), see mediahub/settings.py.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import NoReturn

from django.conf import settings

Action = Callable[[], None]

_actions: dict[str, Action] = {}
_observers: list[Callable[[str], None]] = []


def reached(name: str) -> None:
    """Say that this moment has come; does nothing unless a test asked for it."""
    for observer in _observers:
        observer(name)
    action = _actions.get(name) or _from_settings().get(name)
    if action:
        action()


@contextmanager
def at(name: str, action: Action) -> Iterator[None]:
    """While inside, run `action` whenever this process reaches `name`."""
    _actions[name] = action
    try:
        yield
    finally:
        del _actions[name]


@contextmanager
def observed(observer: Callable[[str], None]) -> Iterator[None]:
    """While inside, tell `observer` of every moment that this process reaches, in the thread that reaches it."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


@cache
def _from_settings() -> dict[str, Action]:
    return {name: _DEATHS[death] for name, death in settings.FAILPOINTS.items()}


def _exit() -> NoReturn:
    os._exit(70)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


_DEATHS: dict[str, Action] = {"exit": _exit, "kill": _kill}
