"""Where uploads rest, and what becomes of those whose writer was killed."""

import tempfile
from pathlib import Path
from typing import IO, Any

import pytest

from media_store import spool
from media_store.errors import TooLarge
from media_store.spool import Spool
from media_store.tasks import sweep_spool
from tests.installation import Installation


def orphan(folder: Path) -> Path:
    """What a writer that was killed a moment ago left behind."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"left{spool.SUFFIX}"
    file.write_bytes(b"half of a picture")
    return file


class TestSpool:
    def test_leaves_nothing_behind_whatever_happens(self, tmp_path: Path) -> None:
        with pytest.raises(TooLarge), Spool(folder=tmp_path, max_bytes=3) as written:
            written.write(b"four")
        assert list(tmp_path.iterdir()) == []

    def test_that_was_swept_before_it_was_locked_is_made_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[Path] = []
        create = tempfile.NamedTemporaryFile

        def swept_at_once(**options: Any) -> IO[bytes]:
            file: IO[bytes] = create(**options)
            made.append(Path(file.name))
            if len(made) == 1:
                assert spool.sweep(folder=tmp_path) == 1
            return file

        monkeypatch.setattr(tempfile, "NamedTemporaryFile", swept_at_once)
        with Spool(folder=tmp_path, max_bytes=10) as written:
            written.write(b"picture")
            assert written.path == made[1]
            assert written.path.read_bytes() == b"picture"


class TestSweep:
    def test_spares_what_is_being_written_and_takes_what_nobody_writes(self, tmp_path: Path) -> None:
        left = orphan(tmp_path)
        with Spool(folder=tmp_path, max_bytes=10) as written:
            assert spool.sweep(folder=tmp_path) == 1
            assert written.path.exists()
            assert not left.exists()

    def test_touches_nothing_that_is_no_spool_file(self, tmp_path: Path) -> None:
        (tmp_path / "somebody's notes").write_text("keep")
        assert spool.sweep(folder=tmp_path) == 0
        assert (tmp_path / "somebody's notes").exists()

    def test_of_a_folder_that_is_not_there_finds_nothing(self, tmp_path: Path) -> None:
        assert spool.sweep(folder=tmp_path / "absent") == 0

    def test_is_what_the_beat_asks_for(self, settings: Any, tmp_path: Path) -> None:
        settings.SPOOL_DIR = tmp_path
        left = orphan(tmp_path)
        assert sweep_spool() == 1
        assert not left.exists()

    @pytest.mark.faults
    def test_is_made_before_a_server_takes_its_first_upload(self, tmp_path: Path) -> None:
        installation = Installation(var=tmp_path, env={})
        left = orphan(installation.spool)
        with installation.web(WEB_CONCURRENCY="1"):
            assert not left.exists()
