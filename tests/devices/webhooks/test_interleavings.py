"""Webhooks and whatever else happens to their endpoint, in every order of their steps that the search finds.

On PostgreSQL, with a real receiver. Whatever the order was: nobody fails, no event is lost or sent twice, and nothing
waits for an endpoint that has gone.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given

from devices import destruction, webhooks
from devices.models import WebhookDelivery, WebhookEndpoint
from problems.errors import NotFound
from tests.devices.conftest import Tenant, tenant
from tests.devices.webhooks.conftest import announce, news, subscribed
from tests.media_store.story import SCHEDULES, SCHEDULES_OF_THREE, raised, searched, together
from tests.receivers import Receiver, Reply

pytestmark = [
    pytest.mark.services,
    pytest.mark.interleavings,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]

State = WebhookDelivery.State


class Story:
    """An app with an endpoint and some events, and the verbs on them that run side by side."""

    def __init__(self, receiver: Receiver, *replies: Reply, events: int = 3) -> None:
        receiver.received.clear()
        # What earlier ones claimed and never sent is anybody's again after some seconds.
        WebhookDelivery.objects.all().delete()
        self.alice: Tenant = tenant("alice")
        self.endpoint, _ = subscribed(self.alice, receiver.url("/hook", *replies))
        self.receiver = receiver
        if events:
            announce(self.alice, events)

    def send(self) -> int:
        batch = webhooks.claim(now=timezone.now())
        return webhooks.send(batch) if batch else 0

    def announce(self) -> int:
        with transaction.atomic():
            return webhooks.announce(news(self.alice), now=timezone.now())

    def test(self) -> WebhookDelivery:
        return webhooks.test(self.endpoint, now=timezone.now())

    def delete(self) -> None:
        webhooks.delete(self.endpoint, now=timezone.now())
        webhooks.sweep(now=timezone.now())

    def disable(self) -> bool:
        reason = WebhookEndpoint.DisabledReason.CLIENT
        return webhooks.disable(self.endpoint, reason=reason, now=timezone.now(), by="test")

    def destroy_app(self) -> bool:
        destruction.destroy_app(self.alice.app, now=timezone.now(), by="test")
        return destruction.finish_app(self.alice.app.pk, is_empty=lambda: True, now=timezone.now())

    def told(self) -> Counter[str]:
        return Counter(one.webhook_id for one in self.receiver.received)

    def states(self) -> Counter[str]:
        rows = WebhookDelivery.objects.filter(app_id=self.alice.app.pk)
        return Counter(rows.values_list("state", flat=True))


class TestTwoSenders:
    @searched
    @given(schedule=SCHEDULES)
    def test_send_nothing_twice(self, receiver: Receiver, schedule: list[int]) -> None:
        story = Story(receiver)
        actors = together(story.send, story.send, schedule=schedule)
        assert raised(actors) == []
        assert story.states() == {"delivered": 3}
        assert set(story.told().values()) == {1}

    @searched
    @given(schedule=SCHEDULES)
    def test_share_the_last_place_of_an_endpoint(self, receiver: Receiver, schedule: list[int]) -> None:
        story = Story(receiver, events=200)
        WebhookEndpoint.objects.filter(pk=story.endpoint.pk).update(failing_since=timezone.now())

        def claim() -> object:
            return webhooks.claim(now=timezone.now())

        actors = together(claim, claim, schedule=schedule)
        assert raised(actors) == []
        assert [actor.result is None for actor in actors].count(True) == 1

    @searched
    @given(schedule=SCHEDULES_OF_THREE)
    def test_and_an_end_of_it_all_bury_every_event(self, receiver: Receiver, schedule: list[int]) -> None:
        story = Story(receiver, Reply(status=410), events=120)
        actors = together(story.send, story.send, story.send, schedule=schedule)
        assert raised(actors) == []
        webhooks.sweep(now=timezone.now())
        assert story.states() == {"dead": 120}

    @searched
    @given(schedule=SCHEDULES)
    def test_of_failures_lose_nothing(self, receiver: Receiver, schedule: list[int]) -> None:
        story = Story(receiver, Reply(status=500), events=120)
        actors = together(story.send, story.send, schedule=schedule)
        assert raised(actors) == []
        assert story.states() == {"pending": 120}
        assert not WebhookDelivery.objects.filter(app_id=story.alice.app.pk, claim__isnull=False).exists()


class TestASenderAgainst:
    @searched
    @given(schedule=SCHEDULES)
    def test_a_delete(self, receiver: Receiver, schedule: list[int]) -> None:
        self._sent_at_most_once(receiver, schedule, lambda story: story.delete)
        webhooks.sweep(now=timezone.now())
        assert not WebhookDelivery.objects.exists()
        assert not WebhookEndpoint.objects.exists()

    @searched
    @given(schedule=SCHEDULES)
    def test_a_disable(self, receiver: Receiver, schedule: list[int]) -> None:
        story = self._sent_at_most_once(receiver, schedule, lambda story: story.disable)
        sent = len(story.told())
        assert story.states() == Counter(delivered=sent, pending=3 - sent)
        WebhookDelivery.objects.all().delete()
        WebhookEndpoint.objects.all().delete()

    @searched
    @given(schedule=SCHEDULES)
    def test_the_end_of_the_app(self, receiver: Receiver, schedule: list[int]) -> None:
        story = self._sent_at_most_once(receiver, schedule, lambda story: story.destroy_app)
        assert story.states() == {}
        assert not WebhookEndpoint.objects.filter(app_id=story.alice.app.pk).exists()

    @staticmethod
    def _sent_at_most_once(
        receiver: Receiver, schedule: list[int], other: Callable[[Story], Callable[[], object]]
    ) -> Story:
        story = Story(receiver)
        actors = together(story.send, other(story), schedule=schedule)
        assert raised(actors) == []
        assert set(story.told().values()) <= {1}
        return story


class TestAnAnnouncementAgainst:
    @searched
    @given(schedule=SCHEDULES)
    def test_a_delete_and_its_sweep(self, receiver: Receiver, schedule: list[int]) -> None:
        story = Story(receiver, events=1)
        actors = together(story.announce, story.delete, schedule=schedule)
        assert raised(actors) == []
        webhooks.sweep(now=timezone.now())
        assert story.states() == {}

    @searched
    @given(schedule=SCHEDULES)
    def test_a_delete_of_what_is_being_tested(self, receiver: Receiver, schedule: list[int]) -> None:
        story = Story(receiver, events=1)
        actors = together(story.test, story.delete, schedule=schedule)
        assert raised(actors) in ([], [NotFound])
        webhooks.sweep(now=timezone.now())
        assert story.states() == {}

    @searched
    @given(schedule=SCHEDULES)
    def test_a_claim_waits_for_nobody(self, receiver: Receiver, schedule: list[int]) -> None:
        story = Story(receiver, events=1)
        actors = together(story.announce, story.send, schedule=schedule)
        assert raised(actors) == []
        assert sum(story.states().values()) == 2

    def test_lets_an_answer_be_noted_meanwhile(self, receiver: Receiver) -> None:
        story = Story(receiver, Reply(status=500), events=1)
        with transaction.atomic():
            webhooks.announce(news(story.alice), now=timezone.now())
            (actor,) = together(story.send, schedule=[])
            assert raised([actor]) == []
            assert actor.result == 1
        due = WebhookDelivery.objects.due(now=timezone.now() - dt.timedelta(seconds=0))
        assert due.count() == 1
