"""The commands as an operator's shell sees them: exit codes, and what goes to which stream."""

import subprocess
import sys

import pytest

from tests.installation import ROOT, Installation, Prepared


@pytest.fixture(scope="module")
def installed(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return prepared.copy(tmp_path_factory.mktemp("var"))


def manage(installed: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=installed.env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.faults
class TestExitCodes:
    def test_0_with_the_result_alone_on_stdout(self, installed: Installation) -> None:
        issued = manage(installed, "issue_api_key", "--app", installed.app_id, "--scope", "media:read")
        assert issued.returncode == 0
        assert issued.stdout.startswith("mhk_")
        assert len(issued.stdout.splitlines()) == 1
        assert issued.stdout.strip() not in issued.stderr

    def test_1_for_a_refusal_told_in_one_sentence(self, installed: Installation) -> None:
        refused = manage(installed, "create_device", "--app", "nobody", "--name", "x")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "There is no app" in refused.stderr
        assert "Traceback" not in refused.stderr

    def test_2_for_wrong_usage(self, installed: Installation) -> None:
        wrong = manage(installed, "issue_api_key", "--app", "x", "--scope", "root")
        assert (wrong.returncode, wrong.stdout) == (2, "")
        assert "there is no scope 'root'" in wrong.stderr
