"""Checks what deploy/ says, as far as can be without a Docker engine: `python deploy/check.py`.

The compose file against the Compose Specification's schema (which the package check-jsonschema ships, under Apache-2.0)
and the project's own rules; the Dockerfile and .dockerignore against the source. Exit code 1 with what is wrong.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = ROOT / "deploy" / "compose.yaml"
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
DOCKERIGNORE = ROOT / ".dockerignore"
# Run once and end.
ONE_SHOT = {"migrate", "bucket"}
# Their defaults follow from one another in mediahub/settings.py.
NOT_TO_BE_SET = {"WORKER_CONCURRENCY", "FETCHES_PER_APP"}
SECRET = re.compile(r"\$\{[A-Z0-9_]+:\?[^}]+\}")


def services() -> dict[str, dict[str, Any]]:
    """The services of the compose file."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def copied() -> list[str]:
    """What the Dockerfile copies out of the checkout into the last image."""
    final = DOCKERFILE.read_text().rpartition("\nFROM ")[2]
    lines = [shlex.split(line)[1:-1] for line in final.splitlines() if line.startswith("COPY ")]
    return [word for words in lines if not words[0].startswith("--from") for word in words]


def image_environment() -> dict[str, str]:
    """What the last image's ENV says."""
    final = DOCKERFILE.read_text().rpartition("\nFROM ")[2].replace("\\\n", " ")
    lines = [shlex.split(line)[1:] for line in final.splitlines() if line.startswith("ENV ")]
    return dict(word.split("=", 1) for words in lines for word in words)


def problems() -> Iterator[str]:
    """What is wrong, a sentence each."""
    yield from _against_the_schema()
    yield from _in_the_services()
    yield from _in_the_image()


def _against_the_schema() -> Iterator[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own environment's
    if done.returncode:
        yield f"compose.yaml: {done.stdout}{done.stderr}"


def _in_the_services() -> Iterator[str]:
    for name, service in services().items():
        if "healthcheck" not in service and name not in ONE_SHOT:
            yield f"{name} has no healthcheck."
        if "build" not in service and ":" not in service["image"]:
            yield f"{name} takes whatever image is the latest."
        if forbidden := NOT_TO_BE_SET & service.get("environment", {}).keys():
            yield f"{name} sets {', '.join(forbidden)}."
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|ACCESS_KEY|DATABASE_URL", variable) and not SECRET.search(value):
                yield f"{name}: {variable} has to come from the .env file, and to be missed where it is not there."


def _in_the_image() -> Iterator[str]:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    sources = set(copied())
    for missing in sorted((packages | {"manage.py", "templates"}) - sources):
        yield f"The Dockerfile does not copy {missing}."
    allowed = {line[1:] for line in DOCKERIGNORE.read_text().splitlines() if line.startswith("!")}
    for hidden in sorted((sources | {"requirements.txt"}) - allowed):
        yield f".dockerignore hides {hidden}, which the Dockerfile copies."
    for idle in sorted(allowed - sources - {"requirements.txt"}):
        yield f".dockerignore lets {idle} through, which nothing copies."


def main() -> int:
    """The command line."""
    found = list(problems())
    sys.stderr.writelines(f"{problem}\n" for problem in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
