"""What runs in service needs nothing but what requirements.txt names: what else the tests have is hidden from it."""

import os
import re
import time
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.faults.conftest import EMBEDDED, SERVICES, embedded, over_services
from tests.faults.procfile import Part, running
from tests.faults.sending import Answer, Call, base64_message, download, media_in
from tests.installation import ROOT, Installation
from tests.media_files import jpeg

pytestmark = pytest.mark.faults

# As every process imports it when it starts.
HIDING = """
import sys

class Hidden:
    names = {names!r}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {{name!r}}: requirements.txt does not bring it", name=name)

sys.meta_path.insert(0, Hidden())
"""
# What an environment has before anything is installed into it.
ALWAYS = {"pip", "setuptools"}
SECONDS = 30


def named() -> set[str]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return {_normal(line.partition("==")[0]) for line in lines if "==" in line}


def hidden() -> list[str]:
    brought = packages_distributions().items()
    return sorted(module for module, names in brought if not {_normal(name) for name in names} & (named() | ALWAYS))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(params=[EMBEDDED, pytest.param(SERVICES, marks=pytest.mark.services)])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An installation whose processes see only what requirements.txt brings."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(HIDING.format(names=set(hidden())))
    for installation in (embedded if request.param == EMBEDDED else over_services)(tmp_path):
        installation.own_env["PYTHONPATH"] = os.pathsep.join([str(site), str(ROOT)])
        installation.migrate()
        yield installation


def test_what_only_the_tests_have_is_hidden() -> None:
    assert {"pytest", "hypothesis", "django", "gunicorn"} & set(hidden()) == {"pytest", "hypothesis"}


def test_takes_media_in_serves_it_and_ends_a_device(bare: Installation) -> None:
    parts = [Part(name, bare, {"LOG_LEVEL": "info"}) for name in ("worker", "beat")]
    with bare.web() as web, running(*parts):
        media = media_in(base64_message(bare, jpeg()).at(web))
        assert answered(download(bare, media["media_path"]).at(web)).document == jpeg()
        device = f"/v1/devices/{bare.device_id}"
        assert answered(Call(method="DELETE", path=device, key=bare.key).at(web)).status == 204
        deadline = time.monotonic() + SECONDS
        account = Call(method="GET", path=f"{device}/destruction", key=bare.key)
        while answered(account.at(web)).document["status"] == "removing":
            assert time.monotonic() < deadline, [part.log.read_text()[-2000:] for part in parts]
            time.sleep(0.1)
        assert [part.process.poll() for part in parts] == [None, None]


def answered(answer: Answer | None) -> Answer:
    assert answer is not None, "no answer"
    return answer
