"""Uploads that the disk or the store refuses: the client hears which, and nothing is left in between."""

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from media_store.models import Blob, Media
from mediahub import connections
from tests.media_files import jpeg
from tests.people import NOTHING, Person, refusal
from tests.processes import free_ports


@pytest.fixture
def files(settings: Settings, tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    store = connections.media_store(
        folder=folder, bucket="", endpoint="", region="", access_key="", secret_key="", path_style=False
    )
    settings.STORAGES = {**settings.STORAGES, "media": store}
    return folder


class TestAStore:
    def test_without_room_is_507(self, alice: Person, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "link", full)
        assert refusal(alice.api.send(alice.device, jpeg())) == (507, "storage_full")
        _nothing_but_a_condemned_row(alice)

    def test_that_cannot_be_written_is_503(self, alice: Person, files: Path) -> None:
        files.write_bytes(b"")
        answer = alice.api.send(alice.device, jpeg())
        assert refusal(answer) == (503, "storage_unavailable")
        assert int(answer["Retry-After"]) > 0
        assert str(files) not in answer.content.decode()
        assert alice.left_behind() == NOTHING

    def test_that_comes_back_takes_the_same_upload(self, alice: Person, files: Path) -> None:
        files.write_bytes(b"")
        alice.api.send(alice.device, jpeg(), message_id="m1")
        files.unlink()
        assert alice.api.send(alice.device, jpeg(), message_id="m1").status_code == 201

    @pytest.mark.services
    def test_that_is_down_is_503(self, alice: Person, settings: Settings) -> None:
        media = alice.sent(jpeg())
        store = connections.media_store(
            folder=settings.MEDIA_ROOT,
            bucket="mediahub",
            endpoint=f"http://127.0.0.1:{free_ports(1)[0]}",
            region="us-east-1",
            access_key="x",
            secret_key="x",
            path_style=True,
        )
        settings.STORAGES = {**settings.STORAGES, "media": store}
        for answer in (alice.api.download(media["media_path"]), alice.api.send(alice.device, jpeg(shade=9))):
            assert refusal(answer) == (503, "storage_unavailable")
            assert "127.0.0.1" not in answer.content.decode()


def _nothing_but_a_condemned_row(person: Person) -> None:
    """The row stays for collection: a put that was cut off may still land."""
    assert not Media.objects.filter(app=person.app).exists()
    assert [blob.state for blob in Blob.objects.filter(app=person.app)] == [Blob.State.CONDEMNED]
    assert person.left_behind()["objects"] == person.left_behind()["spool"] == []


class TestASpool:
    def test_without_room_is_507(self, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        """/dev/full stands in for a disk that has no room: the kernel itself refuses each write."""
        make = tempfile.NamedTemporaryFile

        def on_a_full_disk(**options: Any) -> Any:
            file = make(**options)
            with Path("/dev/full").open("wb") as full:
                os.dup2(full.fileno(), file.fileno())
            return file

        monkeypatch.setattr(tempfile, "NamedTemporaryFile", on_a_full_disk)
        for answer in (alice.api.send(alice.device, jpeg()), alice.api.upload(jpeg())):
            assert refusal(answer) == (507, "storage_full")
        assert alice.left_behind() == NOTHING

    def test_that_cannot_be_written_is_503(self, alice: Person, spool: Path) -> None:
        spool.write_bytes(b"")
        assert refusal(alice.api.upload(jpeg())) == (503, "storage_unavailable")
