"""What every test stands on: isolated settings, no way off this machine, and the processes of the Procfile."""

import atexit
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from tests import isolation, loopback

# Before anything of the project is imported: that reads the settings.
VAR = isolation.isolate(os.environ.get("PYTEST_XDIST_WORKER", "main"))
atexit.register(isolation.leave, VAR)
isolation.set_django_up(VAR)

# The same examples each time, so that a pass is a pass; `make faults` looks for new ones.
hypothesis_settings.register_profile("suite", max_examples=100, derandomize=True, deadline=None, database=None)
hypothesis_settings.register_profile(
    "fuzz", max_examples=int(os.environ.get("FUZZ_EXAMPLES") or 100), deadline=None, database=None, print_blob=True
)
hypothesis_settings.load_profile("fuzz" if os.environ.get("FUZZ_EXAMPLES") else "suite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs servers where there are none, and what is long where it was not asked for."""
    unwanted = set() if isolation.has_services() else {"services"}
    if "faults" not in config.option.markexpr:
        unwanted.add("faults")
    left_out = [item for item in items if unwanted & {mark.name for mark in item.iter_markers()}]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        loopback.guard(patch)
        yield
