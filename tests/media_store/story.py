"""What the interleavings are about: an app, its device, the verbs on them, and what must be true after them."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from hypothesis import HealthCheck, settings as hypothesis_settings, strategies as st

from devices import destruction as device_destruction
from devices.models import App, Device
from media_store import collection, destruction, ingest, retention
from media_store.models import Blob, BlobRelease, LegalHold, Media
from media_store.spool import Spool
from media_store.storage import objects
from tests.interleaving import Actor, run
from tests.media_files import jpeg
from tests.people import stored_keys

SCHEDULES = st.lists(st.integers(0, 1), max_size=24)
SCHEDULES_OF_THREE = st.lists(st.integers(0, 2), max_size=40)
EXAMPLES = int(os.environ.get("INTERLEAVINGS", "2"))
searched = hypothesis_settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="INTERLEAVINGS" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Story:
    """An app with a device, and the verbs on them that run side by side."""

    def __init__(self) -> None:
        self.now = timezone.now()
        # Past the grace of what is let go of now.
        self.later = self.now + timedelta(minutes=1)
        self.app = App.objects.create(name="alice")
        self.device = Device.objects.create(app=self.app, name="alice's phone")

    def upload(
        self, *, message_id: str | None = None, direction: str = Media.Direction.OUTBOUND
    ) -> Callable[[], ingest.Outcome]:
        arrival = ingest.Arrival(
            app=self.app,
            device=self.device,
            direction=direction,
            source=Media.Source.FILE,
            kind="image",
            message_id=message_id,
            to="1",
        )
        return lambda: self._receive(arrival)

    def _receive(self, arrival: ingest.Arrival) -> ingest.Outcome:
        with Spool(folder=settings.SPOOL_DIR, max_bytes=settings.MEDIA_MAX_BYTES) as spool:
            spool.write(jpeg())
            return ingest.receive(arrival, spool, now=self.now)

    def remove(self, media: Media) -> Callable[[], bool]:
        return lambda: retention.remove(media, reason="client", now=self.now, by="test")

    def upload_plainly(self) -> Callable[[], ingest.Outcome]:
        """Without a device."""
        arrival = ingest.Arrival(app=self.app, device=None, direction="upload", source=Media.Source.RAW)
        return lambda: self._receive(arrival)

    def announce(self, url: str, *, plainly: bool = False) -> Media:
        """Of a media that a worker is to fetch; ours, as if claimed."""
        arrival = ingest.Arrival(
            app=self.app,
            device=None if plainly else self.device,
            direction=Media.Direction.UPLOAD if plainly else Media.Direction.OUTBOUND,
            source=Media.Source.URL,
            kind=None if plainly else "image",
            to="" if plainly else "1",
        )
        ingest.announce(arrival, url, now=self.now)
        return self.claimed(at=self.now)

    def claimed(self, *, at: datetime) -> Media:
        """The one that waits, as the worker has it that claims it then."""
        media = ingest.claim(now=at)
        assert media is not None
        assert media.app_id == self.app.pk
        return media

    def fetch(self, media: Media) -> Callable[[], str]:
        return lambda: ingest.fetch(media, now=self.now)

    def expire(self, media: Media) -> None:
        Media.objects.filter(pk=media.pk).update(expires_at=self.now)

    def purge(self) -> Callable[[], retention.Purged]:
        """Of what has expired."""
        return lambda: retention.purge(Media.objects.expired(now=self.now), now=self.now)

    def hold(self, subject: Media | Device | App) -> Callable[[], LegalHold]:
        return lambda: retention.hold(subject, reason="a case", until=None, by="test", now=self.now)

    def release(self, held: LegalHold) -> Callable[[], bool]:
        return lambda: retention.release_hold(held, by="test", now=self.now)

    def collect(self) -> Callable[[], None]:
        """What one beat does: condemn what was let go of, past the grace, and delete the objects."""

        def work() -> None:
            collection.condemn_released(now=self.later)
            collection.collect(now=self.later)

        return work

    def destroy_app(self) -> Callable[[], None]:
        def work() -> None:
            device_destruction.destroy_app(self.app, now=self.now, by="test")
            destruction.finish_destroyed(now=self.now)

        return work

    def destroy(self) -> Callable[[], None]:
        def work() -> None:
            device_destruction.destroy(self.device, now=self.now, by="test")
            destruction.finish_destroyed(now=self.now)

        return work

    def give_up_uploads(self) -> Callable[[], int]:
        """What a sweep does with an upload past its deadline."""
        return lambda: collection.give_up_uploads(now=self.now + timedelta(days=1))

    def condemn_released(self) -> Callable[[], int]:
        """Past the grace."""
        return lambda: collection.condemn_released(now=self.later)

    def check(self) -> None:
        media = Media.objects.filter(app=self.app)
        for row in media.filter(status=Media.Status.READY).select_related("blob"):
            assert row.blob is not None
            assert row.blob.state == Blob.State.READY
            stored = b"".join(objects().read_range(row.blob.storage_key, start=0, length=row.size))
            assert stored == jpeg()
        blobs = Blob.objects.filter(app=self.app)
        assert blobs.filter(state=Blob.State.READY).count() <= 1
        assert not blobs.filter(state=Blob.State.PENDING).exists()
        # Whoever was condemned stays so: its object may be on its way out.
        assert not blobs.ready().exclude(condemned_at=None).exists()
        held = media.exclude(blob=None).values("blob_id")
        for blob in blobs.ready().exclude(pk__in=held):
            assert BlobRelease.objects.filter(blob=blob).exists()

    def check_the_end(self) -> None:
        """Collection comes by until nothing is due: then the store holds what is referred to, and nothing else."""
        self.check()
        for later in (timedelta(minutes=5), timedelta(days=2)):
            collection.condemn_released(now=self.now + later)
            collection.collect(now=self.now + later)
        self.check()
        blobs = Blob.objects.filter(app=self.app)
        referred_to = Media.objects.filter(app=self.app, status=Media.Status.READY).values("blob_id")
        assert sorted(blobs.values_list("pk")) == sorted(blobs.filter(pk__in=referred_to).values_list("pk"))
        assert sorted(stored_keys(self.app)) == sorted(blobs.values_list("storage_key", flat=True))


def together(*works: Callable[[], object], schedule: list[int]) -> list[Actor]:
    actors = [Actor(f"actor {number}", work) for number, work in enumerate(works)]
    run(actors, schedule)
    return actors


def aside(work: Callable[[], object]) -> Actor:
    """Run it to its end on a connection of its own, while this thread stands in the middle of something."""
    actor = Actor("aside", work)
    actor.start()
    actor.begin()
    actor.step()
    actor.end()
    assert actor.error is None
    return actor


def raised(actors: list[Actor]) -> list[type[Exception]]:
    return [type(actor.error) for actor in actors if actor.error is not None]
