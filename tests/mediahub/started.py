"""Processes of MediaHub as they are started from outside, with an environment that says just what a test says."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


def environment(var: Path, **settings: str) -> dict[str, str]:
    """Nothing of the developer's or of the other tests' settings."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "MEDIAHUB_VAR": str(var), "MEDIAHUB_ENV_FILE": os.devnull, **settings}


def run(*command: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run to the end."""
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=50)


def manage(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A command of manage.py."""
    return run(sys.executable, "manage.py", *arguments, env=env)


def program(name: str) -> str:
    """A program of this virtual environment."""
    return str(PROGRAMS / name)
