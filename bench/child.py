"""A function of MediaHub's side in a process of its own, with the settings of the installation that is measured.

The parent knows no Django; the child does, and its time and memory are those of the function alone.
"""

import importlib
import json
import os
import subprocess
import sys
from typing import Any

import django

from tests.installation import ROOT, Installation


def call(measured: Installation, function: str, /, **arguments: Any) -> Any:
    """What `module:function` answers there; arguments and answer are JSON."""
    command = [sys.executable, "-m", "bench.child", function, json.dumps(arguments)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**measured.env, "DJANGO_SETTINGS_MODULE": "mediahub.settings", "LOG_LEVEL": "warning"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{function}: {done.stderr[-3000:]}"
    return json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    """The child: sets Django up before it imports anything that needs it."""
    django.setup()
    module, _, name = sys.argv[1].partition(":")
    answer = getattr(importlib.import_module(module), name)(**json.loads(sys.argv[2]))
    sys.stdout.write(f"{os.linesep}{json.dumps(answer)}{os.linesep}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
