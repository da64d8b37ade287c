"""Operators at a terminal of the test's own process: objects go at once, and what is written can be read."""

import io
import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from media_store.models import Media
from mediahub import connections
from tests.people import Person, stored_keys
from tests.processes import free_ports

DAY = timedelta(days=1)
EXPIRED = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _no_grace(settings: Settings) -> None:
    settings.RELEASE_GRACE_SECONDS = 0


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a command wrote, and how it ended."""

    out: str
    talk: str
    code: int
    sentence: str

    @property
    def result(self) -> Any:
        return json.loads(self.out)


def run(*arguments: str) -> Told:
    """The command, its end included; a refusal is no exception here."""
    out, talk = io.StringIO(), io.StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=talk)
    except CommandError as error:
        return Told(out=out.getvalue(), talk=talk.getvalue(), code=error.returncode, sentence=str(error))
    return Told(out=out.getvalue(), talk=talk.getvalue(), code=0, sentence="")


def done(*arguments: str) -> Any:
    """The JSON of a command that succeeds."""
    told = run(*arguments, "--json")
    assert told.code == 0, told.sentence
    return told.result


def path_of(media: dict[str, Any]) -> str:
    return str(media["media_path"])


def expire(*paths: str, ago: timedelta = EXPIRED) -> None:
    """Let time have passed for these."""
    moment = timezone.now() - ago
    Media.objects.filter(path__in=paths).update(expires_at=moment, created_at=moment - 30 * DAY)


def age(path: str, *, days: float) -> None:
    """Let it have come so long ago, and be expired by no rule yet."""
    Media.objects.filter(path=path).update(created_at=timezone.now() - days * DAY)


def bring_forward(*paths: str) -> None:
    """As a changed rule does: expired now, and not before tomorrow without it."""
    now = timezone.now()
    Media.objects.filter(path__in=paths).update(expires_at=now - EXPIRED, brought_forward_from=now + DAY)


def statuses(person: Person) -> dict[str, str]:
    """Each media of the app with its stored status."""
    return dict(Media.objects.filter(app=person.app).values_list("path", "status"))


def purged(person: Person) -> set[str]:
    return {path for path, status in statuses(person).items() if status == Media.Status.PURGED}


class Stores:
    """Puts the store of this test's media in other places, or out of reach."""

    def __init__(self, settings: Settings, own: Path) -> None:
        self._settings = settings
        self._own = own
        self.folder(own)

    def folder(self, folder: Path) -> None:
        """Files in this folder."""
        self._use(bucket="", folder=folder)

    def s3_but(self, wrong: str) -> None:
        """The servers' own bucket, but for one thing."""
        self._use(**{wrong: f"http://127.0.0.1:{free_ports(1)[0]}" if wrong == "endpoint" else "no-such-thing"})

    def refuse_one_object(self, person: Person) -> None:
        """A folder with something in it takes the place of an object: nobody can unlink that."""
        name = stored_keys(person.app)[0]
        found = next(self._own.rglob(name))
        found.unlink()
        (found / "something").mkdir(parents=True)

    def _use(self, **changes: Any) -> None:
        configured = {
            "folder": self._settings.MEDIA_ROOT,
            "bucket": self._settings.MEDIA_BUCKET,
            "endpoint": self._settings.AWS_ENDPOINT_URL,
            "region": self._settings.AWS_REGION,
            "access_key": self._settings.AWS_ACCESS_KEY_ID,
            "secret_key": self._settings.AWS_SECRET_ACCESS_KEY,
            "path_style": self._settings.AWS_PATH_STYLE,
        }
        store = connections.media_store(**{**configured, **changes})
        self._settings.STORAGES = {**self._settings.STORAGES, "media": store}


@pytest.fixture
def stores(settings: Settings, tmp_path: Path) -> Stores:
    """Objects as files in a folder of the test's own, until the test moves them."""
    return Stores(settings, tmp_path / "media")
