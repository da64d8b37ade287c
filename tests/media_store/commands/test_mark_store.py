"""Operators say that a store without a mark is this database's."""

import io
from pathlib import Path

import pytest
from django.utils import timezone

from devices.models import AuditEvent
from media_store import store_mark
from media_store.models import Media, StoreMark
from media_store.storage import new_key, objects
from tests.media_files import jpeg
from tests.media_store.commands.conftest import Stores, done, run
from tests.people import Person, bytes_of, refusal
from tests.stores import put

pytestmark = pytest.mark.once
MARK = "blobs/.mediahub"


@pytest.fixture(autouse=True)
def _own_folder(stores: Stores, db: None) -> None:
    """A store of the test's own, which nobody has used yet."""


class TestMarkStore:
    def test_lets_a_store_that_was_restored_without_its_mark_be_used_again(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        objects().delete([MARK])
        assert run("purge_media").sentence.count("manage.py mark_store") == 1
        assert done("mark_store", "--yes") == {"marked": True, "holds_objects": True, "looked_for": 1, "found": 1}
        assert run("purge_media").code == 0
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()
        event = AuditEvent.objects.get()
        assert event.action == "store_marked"
        assert event.by.startswith("operator ")

    def test_lets_a_database_begin_anew_after_its_store_was_lost(
        self, alice: Person, stores: Stores, tmp_path: Path
    ) -> None:
        alice.sent(jpeg())
        (tmp_path / "new").mkdir()
        stores.folder(tmp_path / "new")
        told = run("mark_store", "--yes", "--json")
        assert told.result == {"marked": True, "holds_objects": False, "looked_for": 1, "found": 0}
        assert "Of 1 object of this database that were looked for, 0 are there." in told.talk
        assert run("reconcile_storage", "--fix", "--yes").code == 0
        assert Media.objects.get().reason == "bytes_missing"
        alice.sent(jpeg(), message_id="again")

    def test_gives_a_new_database_the_store_of_another(self, alice: Person, tmp_path: Path) -> None:
        put(new_key(app_id=alice.app.pk), b"12345", tmp_path)
        assert refusal(alice.api.send(alice.device, jpeg())) == (503, "storage_unavailable")
        told = run("mark_store", "--yes")
        assert "as orphans reconcile_storage --fix would delete them" in told.talk
        alice.sent(jpeg())

    def test_asks_first(self, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        told = run("mark_store", "--quiet")
        assert (told.code, objects().read_mark()) == (2, None)
        assert "bears no mark and holds no object" in told.talk
        terminal = io.StringIO("no\ny\n")
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)
        assert (run("mark_store").sentence, objects().read_mark()) == ("Nothing was touched.", None)
        assert run("mark_store").code == 0
        assert objects().read_mark() == StoreMark.objects.get().token

    def test_of_a_store_that_is_ours_changes_nothing(self, alice: Person) -> None:
        store_mark.prove(now=timezone.now())
        assert done("mark_store")["marked"] is False
        assert not AuditEvent.objects.exists()

    def test_of_a_store_that_is_anothers_is_refused(self, alice: Person) -> None:
        objects().write_mark("another's")
        told = run("mark_store", "--yes")
        assert told.code == 1
        assert "bears the mark of another installation" in told.sentence
        assert objects().read_mark() == "another's"
