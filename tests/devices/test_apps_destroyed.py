"""The end of an app: out of reach at the mark, then its devices, media, objects, rules and keys, the row last."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from devices import destruction as device_destruction, registry
from devices.models import ApiKey, App, AuditEvent, Device
from media_store import collection, destruction, failpoints, retention
from media_store.models import Blob, BlobRelease, DestroyedMedia, Media, RetentionRule
from problems.errors import NotFound
from tests.media_files import jpeg, png
from tests.people import NOTHING, Person, bytes_of, refusal

DAY = timedelta(days=1)


@pytest.fixture
def spool(settings: Settings, tmp_path: Path) -> None:
    settings.SPOOL_DIR = tmp_path / "spool"


@pytest.fixture
def anna(db: None, spool: None) -> Person:
    """With a device, a message, an upload and a rule."""
    anna = Person.named("anna")
    anna.sent(jpeg())
    anna.uploaded(png())
    retention.set_rule(app=anna.app, keep_days=10, now=timezone.now(), by="operator")
    return anna


def destroy(person: Person) -> bool:
    return device_destruction.destroy_app(person.app, now=timezone.now(), by="operator")


def _destroying(person: Person) -> Callable[[], None]:
    def work() -> None:
        destroy(person)

    return work


def finish(*, after: timedelta = timedelta()) -> None:
    """What beat does."""
    now = timezone.now() + after
    destruction.finish_destroyed(now=now)
    collection.give_up_uploads(now=now)
    collection.condemn_released(now=now + timedelta(minutes=1))
    collection.collect(now=now + timedelta(minutes=1))


class TestTheMark:
    def test_shuts_every_door_at_once(self, anna: Person) -> None:
        path = Media.objects.filter(app=anna.app)[0].path
        assert destroy(anna) is True
        answers = [anna.api.get("/v1/me"), anna.api.download(path), anna.api.send(anna.device, jpeg(shade=1))]
        answers += [anna.api.upload(png()), anna.api.get("/v1/devices"), anna.api.get("/v1/media")]
        assert {refusal(answer) for answer in answers} == {(401, "unauthenticated")}
        assert Media.objects.count() == 2

    def test_twice_is_once(self, anna: Person) -> None:
        assert [destroy(anna), destroy(anna)] == [True, False]
        assert AuditEvent.objects.filter(action="app_destroyed").count() == 1

    def test_tells_of_the_app_and_of_each_device(self, anna: Person) -> None:
        anna.another_device()
        gone = anna.another_device()
        gone.delete()
        destroy(anna)
        actions = list(AuditEvent.objects.values_list("action", flat=True))
        assert sorted(actions) == ["app_destroyed", *["device_destroyed"] * 3, "retention_changed"]

    def test_lets_nobody_add_a_device(self, anna: Person) -> None:
        destroy(anna)
        with pytest.raises(NotFound):
            registry.create_device(app=anna.app, name="another", now=timezone.now())
        assert Device.objects.filter(app=anna.app).count() == 1

    @pytest.mark.parametrize("moment", ["ingest.pending_written", "ingest.object_put"])
    def test_finds_a_plain_upload_under_way_and_it_leaves_nothing(self, anna: Person, moment: str) -> None:
        with failpoints.at(moment, _destroying(anna)):
            answer = anna.api.upload(jpeg(shade=7))
        assert refusal(answer) == (404, "not_found")
        finish()
        finish(after=2 * DAY)
        assert anna.left_behind() == NOTHING

    def test_finds_a_message_under_way_and_it_leaves_nothing(self, anna: Person) -> None:
        with failpoints.at("ingest.object_put", _destroying(anna)):
            answer = anna.api.send(anna.device, jpeg(shade=7))
        assert refusal(answer) == (404, "not_found")
        finish()
        finish(after=2 * DAY)
        assert anna.left_behind() == NOTHING


class TestTheEnd:
    def test_takes_everything_and_the_row_last(self, anna: Person, bob: Person) -> None:
        theirs = bob.sent(jpeg())
        destroy(anna)
        finish()
        assert anna.left_behind() == NOTHING
        assert App.objects.filter(pk=anna.app.pk).exists()
        finish()
        for model in (Device, Media, Blob, RetentionRule, ApiKey):
            assert not model.objects.filter(app_id=anna.app.pk).exists()
        assert not App.objects.filter(pk=anna.app.pk).exists()
        assert not BlobRelease.objects.exists()
        assert bytes_of(bob.api.download(theirs["media_path"])) == jpeg()

    def test_is_told_with_its_totals(self, anna: Person) -> None:
        sizes = sum(Media.objects.values_list("size", flat=True))
        destroy(anna)
        finish()
        finish()
        told = {event.action: event.details for event in AuditEvent.objects.exclude(action="retention_changed")}
        assert told["app_cleared"] == {"media": 2, "bytes": sizes}
        assert told["device_cleared"]["media"] == 1
        assert DestroyedMedia.objects.filter(app_id=anna.app.pk).count() == 2

    def test_waits_for_an_upload_that_may_still_land(self, anna: Person) -> None:
        with failpoints.at("ingest.object_put", _destroying(anna)):
            anna.api.upload(jpeg(shade=7))
        for after in (timedelta(), timedelta(hours=1), timedelta(hours=23)):
            finish(after=after)
            assert App.objects.filter(pk=anna.app.pk).exists()
        finish(after=2 * DAY)
        finish(after=2 * DAY)
        assert not App.objects.filter(pk=anna.app.pk).exists()

    def test_that_somebody_else_brings_about_between_two_batches_is_no_fault(self, db: None, spool: None) -> None:
        """The rows that this one was about to lock have gone, the app's own among them."""
        bare = Person.named("bare")
        destroy(bare)
        asked: list[int] = []

        def finish_elsewhere() -> bool:
            asked.append(1)
            if len(asked) == 1:
                destruction.finish_destroyed(now=timezone.now())
            return True

        assert destruction.finish_destroyed(now=timezone.now(), may_go_on=finish_elsewhere) == 0
        assert not App.objects.filter(pk=bare.app.pk).exists()

    @pytest.mark.parametrize(
        "moment",
        ["destruction.locked", "destruction.copied", "destruction.noted", "destruction.batch_removed"],
    )
    def test_killed_anywhere_comes_all_the_same(self, anna: Person, moment: str) -> None:
        destroy(anna)
        with failpoints.at(moment, _die), pytest.raises(KeyboardInterrupt):
            finish()
        finish()
        finish()
        assert not App.objects.filter(pk=anna.app.pk).exists()
        assert DestroyedMedia.objects.filter(app_id=anna.app.pk).count() == 2
        assert anna.left_behind() == NOTHING


def _die() -> None:
    raise KeyboardInterrupt


class TestARuleForAnAppThatGoes:
    def test_is_refused_once_it_is_marked(self, anna: Person) -> None:
        destroy(anna)
        with pytest.raises(NotFound):
            retention.set_rule(app=anna.app, kind="image", keep_days=10, now=timezone.now(), by="operator")


@pytest.fixture
def bob(db: None, spool: None) -> Person:
    return Person.named("bob")
