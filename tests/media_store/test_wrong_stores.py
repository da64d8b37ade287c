"""The beat's purge and collection on a store that is wrong: nothing looks like success, and nothing is lost."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from media_store import tasks
from media_store.models import Blob, Media, PurgeRun
from mediahub import connections
from tests.media_files import jpeg
from tests.people import Person


def use_folder(settings: Settings, folder: Path) -> None:
    store = connections.media_store(
        folder=folder, bucket="", endpoint="", region="", access_key="", secret_key="", path_style=False
    )
    settings.STORAGES = {**settings.STORAGES, "media": store}


@pytest.fixture
def expired(settings: Settings, alice: Person, tmp_path: Path) -> None:
    """One expired media, whose store is then another one."""
    settings.RELEASE_GRACE_SECONDS = 0
    use_folder(settings, tmp_path / "media")
    alice.sent(jpeg())
    Media.objects.update(expires_at=timezone.now() - timedelta(hours=1))


class TestTheBeatsPurge:
    def test_takes_no_row_while_the_store_is_not_ours(
        self, expired: None, alice: Person, settings: Settings, tmp_path: Path
    ) -> None:
        use_folder(settings, tmp_path / "not mounted")
        assert tasks.purge_expired() == 0
        assert Media.objects.get().status == Media.Status.READY
        run = PurgeRun.objects.get()
        assert (run.outcome, run.rows, run.errors) == ("failed", 0, 1)
        assert "bears no mark" in run.error

    def test_goes_on_once_the_store_is_back(
        self, expired: None, alice: Person, settings: Settings, tmp_path: Path
    ) -> None:
        use_folder(settings, tmp_path / "not mounted")
        tasks.purge_expired()
        use_folder(settings, tmp_path / "media")
        assert tasks.purge_expired() == 1
        assert tasks.collect() == 1
        assert alice.left_behind()["objects"] == []


class TestTheBeatsCollection:
    @pytest.mark.parametrize("fault", ["not mounted", "full"])
    def test_keeps_what_it_cannot_delete_and_tells_it(
        self,
        expired: None,
        settings: Settings,
        tmp_path: Path,
        fault: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        tasks.purge_expired()
        if fault == "full":
            monkeypatch.setattr(Path, "write_bytes", _full)
        else:
            use_folder(settings, tmp_path / "not mounted")
        assert tasks.collect() == 0
        assert Blob.objects.get().state == Blob.State.CONDEMNED
        run = PurgeRun.objects.get(work="collection")
        assert run.outcome == "failed"
        assert ("no room left" if fault == "full" else "bears no mark") in run.error


def _full(*_: Any) -> None:
    raise OSError(28, "No space left on device")
