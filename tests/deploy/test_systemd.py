"""The units and the settings that commands are run with: one folder, or commands work on another installation."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.isolation import ROOT

pytestmark = pytest.mark.once
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
FOLDER = re.compile(r"^(?:Environment=)?MEDIAHUB_VAR=(\S+)$", re.MULTILINE)
PROGRAM = re.compile(r"/opt/mediahub/\.venv/bin/\w+")
ANALYZE = shutil.which("systemd-analyze")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_and_the_file_of_settings_name_one_folder(unit: Path) -> None:
    (named,) = FOLDER.findall(unit.read_text())
    assert FOLDER.findall((ROOT / "deploy" / "mediahub.env.example").read_text()) == [named]
    assert f"--setenv=MEDIAHUB_VAR={named}" in (ROOT / "docs" / "operators.md").read_text()


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not here")
def test_systemd_knows_every_line_of_the_units(tmp_path: Path) -> None:
    """It looks for the programs too, which are in a folder that is not on this machine."""
    for source in (ROOT / "deploy" / "systemd").iterdir():
        (tmp_path / source.name).write_text(PROGRAM.sub("/bin/true", source.read_text()))
    units = sorted(str(path) for path in tmp_path.iterdir())
    done = subprocess.run([str(ANALYZE), "verify", *units], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if str(tmp_path) in line] == []


def test_there_are_units() -> None:
    assert {unit.stem for unit in UNITS} == {"mediahub-web", "mediahub-worker", "mediahub-beat"}
