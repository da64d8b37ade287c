"""The lines of the README, run as they stand there by somebody who pastes them one after the other."""

import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import ROOT, Installation

BLOCK = re.compile(r"^(?P<indent> *)```sh\n(?P<lines>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
SEPARATOR = "---- next call ----"
CALLS = 13


def pasted() -> list[str]:
    """What stands in the README's shell blocks, without the indent of the lists they are in."""
    text = (ROOT / "README.md").read_text()
    return [re.sub(f"^{found['indent']}", "", found["lines"], flags=re.MULTILINE) for found in BLOCK.finditer(text)]


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A folder that looks like a checkout beside a running `make run`."""
    (tmp_path / "var").mkdir()
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    installation = Installation(var=tmp_path / "var", env={})
    installation.migrate()
    with installation.web() as web:
        installation.manage("create_demo", "--url", web.url)
        yield tmp_path


class TestTheFirstCalls:
    def test_work_as_they_are_printed(self, checkout: Path) -> None:
        credentials, *calls = pasted()
        assert len(calls) == CALLS
        script = f"\necho '{SEPARATOR}'\n".join(["set -e\n" + credentials, *calls])
        done = subprocess.run(
            ["bash"],  # the newcomer's shell
            input=script,
            cwd=checkout,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        answers = [answer.strip() for answer in done.stdout.split(SEPARATOR)[1:]]
        me, sent, filed, uploaded, resent, listed, one, compared, ranged, gone, inbound, claimed, noted = answers
        assert json.loads(me)["app"]["name"] == "Demo"
        picture = (ROOT / "docs/sample.jpg").stat().st_size
        for answer in (sent, filed, resent):
            media = json.loads(answer)["media"]
            assert (media["status"], media["mime_type"], media["size"]) == ("ready", "image/jpeg", picture)
        assert json.loads(one) == json.loads(uploaded)
        ids = [media["message_id"] for media in json.loads(listed)["results"]]
        assert ids == ["hello-3", "hello-2", "hello-1"]
        assert compared == "byte for byte the same"
        assert f"Content-Range: bytes 0-3/{picture}" in ranged
        assert "206 Partial Content" in ranged
        assert json.loads(gone)["code"] == "media_gone"
        received = json.loads(inbound)
        assert (received["status"], received["direction"], received["caption"]) == ("ready", "inbound", "My slip")
        [message] = json.loads(claimed)["messages"]
        assert (message["message_id"], message["to"]) == ("hello-1", "6281234567890")
        with urllib.request.urlopen(message["content_url"], timeout=30) as content:
            assert len(content.read()) == picture
        assert [result["outcome"] for result in json.loads(noted)["results"]] == ["noted"]
