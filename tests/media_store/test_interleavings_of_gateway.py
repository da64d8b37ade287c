"""A gateway's verbs beside others and beside themselves, in every order of their steps that the search finds."""

from collections.abc import Callable

import pytest
from django.conf import settings
from hypothesis import given

from media_store import destruction, ingest, news, outbox, retention
from media_store.errors import TryAgain
from media_store.models import Media
from media_store.spool import Spool
from problems.errors import NotFound
from tests.listening import events, listen
from tests.media_files import jpeg
from tests.media_store.story import SCHEDULES, SCHEDULES_OF_THREE, Story, raised, searched, together

pytestmark = [
    pytest.mark.services,
    pytest.mark.interleavings,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]


class GatewayStory(Story):
    """With an app that listens, and what its gateway does."""

    def __init__(self) -> None:
        super().__init__()
        listen(self.app)

    def hand_in(self, content: bytes = jpeg()) -> Callable[[], ingest.Outcome]:
        return lambda: self._hand_in(self._arrival(), content)

    def omit(self) -> Callable[[], ingest.Outcome]:
        return lambda: ingest.omit(self._arrival(), reason="not_downloaded", now=self.now)

    def _arrival(self) -> ingest.Arrival:
        return ingest.Arrival(
            app=self.app,
            device=self.device,
            direction=Media.Direction.INBOUND,
            source=Media.Source.FILE,
            message_id="in-1",
            sender="62811",
        )

    def _hand_in(self, arrival: ingest.Arrival, content: bytes) -> ingest.Outcome:
        with Spool(folder=settings.SPOOL_DIR, max_bytes=settings.MEDIA_MAX_BYTES) as spool:
            spool.write(content)
            return ingest.take_in(arrival, spool, now=self.now)

    def claim(self, *, most: int = 10) -> Callable[[], list[Media]]:
        return lambda: outbox.claim(self.app, most=most, now=self.now)

    def report(self, *receipts: tuple[str, str]) -> Callable[[], list[outbox.Noted]]:
        told = [outbox.Receipt(message_id=message_id, state=state, at=self.now) for message_id, state in receipts]
        return lambda: outbox.note_receipts(self.device, told, now=self.now)

    def queued(self, count: int) -> list[Media]:
        return [self.upload(message_id=f"m-{number}")().media for number in range(count)]


def claimed(*actors: object) -> list[str]:
    return sorted(str(media.message_id) for actor in actors for media in getattr(actor, "result", None) or ())


class TestTwoClaims:
    @searched
    @given(schedule=SCHEDULES)
    def test_never_lease_the_same_message(self, schedule: list[int]) -> None:
        story = GatewayStory()
        story.queued(4)
        actors = together(story.claim(most=3), story.claim(most=3), schedule=schedule)
        assert raised(actors) == []
        given_out = claimed(*actors)
        assert len(given_out) == len(set(given_out))
        assert set(Media.objects.filter(app=story.app).values_list("claim_count", flat=True)) <= {0, 1}
        rest = claimed(*together(story.claim(), schedule=[]))
        assert sorted(given_out + rest) == ["m-0", "m-1", "m-2", "m-3"]

    @searched
    @given(schedule=SCHEDULES_OF_THREE)
    def test_and_receipts_of_one_of_them(self, schedule: list[int]) -> None:
        story = GatewayStory()
        story.queued(3)
        report = story.report(("m-0", "delivered"), ("m-1", "failed"))
        actors = together(story.claim(), story.claim(), report, schedule=schedule)
        assert raised(actors) == []
        given_out = claimed(*actors[:2])
        assert len(given_out) == len(set(given_out))
        assert "m-2" in given_out
        rows = dict(Media.objects.filter(app=story.app).values_list("message_id", "delivery"))
        assert rows == {"m-0": "delivered", "m-1": "failed", "m-2": "queued"}
        assert dict(Media.objects.filter(app=story.app).values_list("message_id", "to"))["m-0"] == ""
        assert outbox.claim(story.app, most=10, now=story.later) == []
        assert events(story.app) == ["receipt", "receipt"]


class TestAClaim:
    @searched
    @given(schedule=SCHEDULES)
    def test_against_removal(self, schedule: list[int]) -> None:
        story = GatewayStory()
        first, _ = story.queued(2)
        actors = together(story.claim(), story.remove(first), schedule=schedule)
        assert raised(actors) == []
        assert "m-1" in claimed(actors[0])
        assert Media.objects.get(pk=first.pk).status == "purged"
        assert events(story.app) == ["media.purged"]
        story.check()

    @searched
    @given(schedule=SCHEDULES)
    def test_against_purge(self, schedule: list[int]) -> None:
        story = GatewayStory()
        first, second = story.queued(2)
        Media.objects.filter(pk=first.pk).update(expires_at=story.now)
        actors = together(story.claim(), story.purge(), schedule=schedule)
        assert raised(actors) == []
        assert claimed(actors[0]) == ["m-1"]
        assert Media.objects.get(pk=first.pk).status == "purged"
        assert Media.objects.get(pk=second.pk).claim_count == 1
        assert events(story.app) == ["media.purged"]
        story.check()

    @searched
    @given(schedule=SCHEDULES)
    def test_against_the_end_of_the_device(self, schedule: list[int]) -> None:
        story = GatewayStory()
        story.queued(2)
        actors = together(story.claim(), story.destroy(), schedule=schedule)
        assert raised(actors) == []
        destruction.finish_destroyed(now=story.now)
        assert not Media.objects.filter(app=story.app).exists()
        assert outbox.claim(story.app, most=10, now=story.later) == []


class TestReceipts:
    @searched
    @given(schedule=SCHEDULES)
    def test_of_the_same_messages_twice_at_once_are_noted_once(self, schedule: list[int]) -> None:
        story = GatewayStory()
        story.queued(2)
        one = story.report(("m-0", "sent"), ("m-1", "read"), ("m-0", "read"))
        other = story.report(("m-1", "read"), ("m-0", "read"), ("m-0", "sent"))
        actors = together(one, other, schedule=schedule)
        assert raised(actors) == []
        assert set(Media.objects.filter(app=story.app).values_list("delivery", "to")) == {("read", "")}
        noted = [outcome for actor in actors for outcome in actor.result].count(outbox.Noted.NOTED)
        assert events(story.app) == ["receipt"] * noted
        assert noted in (2, 3)

    @searched
    @given(schedule=SCHEDULES)
    def test_against_removal(self, schedule: list[int]) -> None:
        story = GatewayStory()
        (first,) = story.queued(1)
        actors = together(story.report(("m-0", "delivered")), story.remove(first), schedule=schedule)
        assert raised(actors) == []
        row = Media.objects.get(pk=first.pk)
        assert (row.status, row.delivery, row.to) == ("purged", "delivered", "")
        assert sorted(events(story.app)) == ["media.purged", "receipt"]


class TestTwoInboundOfTheSameMessage:
    @searched
    @given(schedule=SCHEDULES)
    def test_are_one_media_and_one_event(self, schedule: list[int]) -> None:
        story = GatewayStory()
        actors = together(story.hand_in(), story.hand_in(), schedule=schedule)
        assert raised(actors) == []
        assert sorted(actor.result.created for actor in actors) == [False, True]
        assert len({actor.result.media.pk for actor in actors}) == 1
        assert Media.objects.filter(app=story.app).count() == 1
        assert events(story.app) == ["message"]
        story.check()

    @searched
    @given(schedule=SCHEDULES)
    def test_are_one_where_the_bytes_are_known(self, schedule: list[int]) -> None:
        story = GatewayStory()
        story.upload()()
        actors = together(story.hand_in(), story.hand_in(), schedule=schedule)
        assert raised(actors) == []
        assert sorted(actor.result.created for actor in actors) == [False, True]
        assert events(story.app) == ["message"]
        story.check()

    @searched
    @given(schedule=SCHEDULES)
    def test_are_one_where_one_has_no_bytes(self, schedule: list[int]) -> None:
        story = GatewayStory()
        actors = together(story.hand_in(), story.omit(), schedule=schedule)
        assert raised(actors) == []
        assert sorted(actor.result.created for actor in actors) == [False, True]
        assert Media.objects.get(app=story.app).status == "ready"
        assert events(story.app) in (["message"], ["message", "media.ready"])
        story.check_the_end()


class TestTheBytesOfAnOmittedMessage:
    @searched
    @given(schedule=SCHEDULES)
    def test_twice_at_once_are_given_to_it_once(self, schedule: list[int]) -> None:
        story = GatewayStory()
        story.omit()()
        actors = together(story.hand_in(), story.hand_in(), schedule=schedule)
        assert set(raised(actors)) <= {TryAgain}
        assert len(raised(actors)) < 2
        assert Media.objects.get(app=story.app).status == "ready"
        assert events(story.app) == ["message", "media.ready"]
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES)
    def test_against_removal(self, schedule: list[int]) -> None:
        story = GatewayStory()
        omitted = story.omit()().media
        actors = together(story.hand_in(), story.remove(omitted), schedule=schedule)
        assert set(raised(actors)) <= {TryAgain}
        assert Media.objects.get(app=story.app).status == "purged"
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES)
    def test_against_the_sweep_of_what_was_omitted(self, schedule: list[int]) -> None:
        """At the last moment of its time: it goes without bytes, or stays with them."""
        story = GatewayStory()
        omitted = story.omit()().media
        ends = omitted.expires_at

        def sweep() -> int:
            return retention.sweep_windows(now=ends)

        actors = together(story.hand_in(), sweep, schedule=schedule)
        assert set(raised(actors)) <= {TryAgain}
        rows = Media.objects.filter(app=story.app)
        assert [row.status for row in rows] == ([] if raised(actors) else ["ready"])
        story.check_the_end()


class TestAnInbound:
    @searched
    @given(schedule=SCHEDULES)
    def test_against_the_end_of_the_device(self, schedule: list[int]) -> None:
        story = GatewayStory()
        actors = together(story.hand_in(), story.destroy(), schedule=schedule)
        assert set(raised(actors)) <= {NotFound}
        told = events(story.app)
        assert told == ["device_destroyed"] if raised(actors) else ["message", "device_destroyed"]
        destruction.finish_destroyed(now=story.now)
        assert not Media.objects.filter(app=story.app).exists()

    @searched
    @given(schedule=SCHEDULES)
    def test_without_bytes_against_the_end_of_the_device(self, schedule: list[int]) -> None:
        story = GatewayStory()
        actors = together(story.omit(), story.destroy(), schedule=schedule)
        assert set(raised(actors)) <= {NotFound}
        destruction.finish_destroyed(now=story.now)
        assert not Media.objects.filter(app=story.app).exists()

    @searched
    @given(schedule=SCHEDULES)
    def test_is_live_whenever_it_is_told_of(self, schedule: list[int]) -> None:
        """Whoever sees the event sees the media: they are committed together."""
        story = GatewayStory()
        seen: list[object] = []

        def look() -> None:
            for _ in range(3):
                told = events(story.app)
                pks = list(Media.objects.filter(app=story.app).values_list("pk", flat=True))
                seen.extend(news.live(pks)[pk]["status"] for pk in pks if told)
                assert len(pks) >= len(told)

        actors = together(story.hand_in(), look, schedule=schedule)
        assert raised(actors) == []
        assert set(seen) <= {"ready"}
