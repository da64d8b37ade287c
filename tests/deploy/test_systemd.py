"""The units and the settings that commands are run with: one folder, or commands work on another installation."""

import re
from pathlib import Path

import pytest

from tests.isolation import ROOT

pytestmark = pytest.mark.once
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
FOLDER = re.compile(r"^(?:Environment=)?MEDIAHUB_VAR=(\S+)$", re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_and_the_file_of_settings_name_one_folder(unit: Path) -> None:
    (named,) = FOLDER.findall(unit.read_text())
    assert FOLDER.findall((ROOT / "deploy" / "mediahub.env.example").read_text()) == [named]
    assert f"--setenv=MEDIAHUB_VAR={named}" in (ROOT / "docs" / "operators.md").read_text()


def test_there_are_units() -> None:
    assert {unit.stem for unit in UNITS} == {"mediahub-web", "mediahub-worker", "mediahub-beat"}
