"""The commands as an operator's shell sees them: exit codes, and what goes to which stream."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A database of its own, as a newcomer's would be."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {**kept, "MEDIAHUB_VAR": str(tmp_path_factory.mktemp("var")), "MEDIAHUB_ENV_FILE": os.devnull}
    manage("migrate", "--verbosity=0", environment=environment).check_returncode()
    return environment


def manage(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TestExitCodes:
    def test_0_with_the_result_alone_on_stdout(self, environment: dict[str, str]) -> None:
        created = manage("create_app", "Web shop", "--json", environment=environment)
        assert created.returncode == 0
        app_id = json.loads(created.stdout)["app_id"]
        issued = manage("issue_api_key", "--app", app_id, "--scope", "media:read", environment=environment)
        assert issued.returncode == 0
        assert issued.stdout.startswith("mhk_")
        assert len(issued.stdout.splitlines()) == 1
        assert issued.stdout.strip() not in issued.stderr

    def test_1_for_a_refusal_told_in_one_sentence(self, environment: dict[str, str]) -> None:
        refused = manage("create_device", "--app", "nobody", "--name", "x", environment=environment)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "There is no app" in refused.stderr
        assert "Traceback" not in refused.stderr

    def test_2_for_wrong_usage(self, environment: dict[str, str]) -> None:
        wrong = manage("issue_api_key", "--app", "x", "--scope", "root", environment=environment)
        assert (wrong.returncode, wrong.stdout) == (2, "")
        assert "there is no scope 'root'" in wrong.stderr
