"""The import contracts of pyproject.toml, each with its arrow turned round: what nothing breaks, holds nothing."""

import ast
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("mediahub", "media_store", "devices", "problems", "safe_http")
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract for contract in CONFIG["contracts"]}
STEPS = CONTRACTS["steps"]["source_modules"]

# The contract, a file, and the import that it must not have.
TURNED_ROUND = [
    ("house", "problems/table.py", "import devices.scopes"),
    ("house", "devices/scopes.py", "import media_store.kinds"),
    ("house", "media_store/kinds.py", "import mediahub.environment"),
    ("house", "safe_http/urls.py", "import problems.table"),
    ("rooms", "media_store/ingest/naming.py", "import media_store.tasks"),
    ("rooms", "media_store/models/media.py", "import media_store.retention"),
    ("rooms", "media_store/errors.py", "import media_store.spool"),
    ("steps", "media_store/storage/files.py", "import devices.registry"),
    ("bytes", "media_store/decoding/window.py", "import django.http"),
    ("queue", "media_store/retention/purging.py", "import celery"),
    ("library", "safe_http/urls.py", "import django.core.validators"),
    ("service", "mediahub/wsgi.py", "import tests.people"),
]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the sources."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(house: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    chosen = [word for contract in contracts for word in ("--contract", contract)]
    command = [str(program), "--no-cache", "--no-logo", *chosen]
    return subprocess.run(command, cwd=house, capture_output=True, text=True, check=False)


class TestContracts:
    def test_are_kept(self, house: Path) -> None:
        done = lint(house)
        assert done.returncode == 0, done.stdout
        assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in done.stdout

    @pytest.mark.faults
    @pytest.mark.parametrize(("contract", "file", "line"), TURNED_ROUND)
    def test_break_when_an_arrow_is_turned_round(self, house: Path, contract: str, file: str, line: str) -> None:
        source = house / file
        source.write_text(f"{line}\n{source.read_text()}")
        done = lint(house, contract)
        assert done.returncode == 1
        assert f"{CONTRACTS[contract]['name']} BROKEN" in done.stdout

    def test_want_a_place_for_every_new_room(self, house: Path) -> None:
        (house / "media_store" / "helpers.py").touch()
        assert "helpers" in lint(house, "rooms").stdout

    def test_are_each_turned_round_above(self) -> None:
        assert {contract for contract, _, _ in TURNED_ROUND} == set(CONTRACTS)


class TestSteps:
    """import-linter sees Django as one whole, so what steps must not take from it is looked for here."""

    @pytest.mark.parametrize("step", STEPS)
    def test_do_not_touch_the_database(self, step: str) -> None:
        assert not [name for name in imported(step) if name.startswith("django.db")]


def imported(module: str) -> Iterator[str]:
    """What the module, or any file of the package, imports."""
    path = ROOT / module.replace(".", "/")
    files = list(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    assert files
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text()))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
