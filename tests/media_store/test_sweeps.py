"""The sweep of what is past its window."""

import pytest
from django.utils import timezone

from media_store import retention
from media_store.models import Media
from tests.media_files import jpeg
from tests.people import Person

pytestmark = pytest.mark.django_db


class TestSweepOfWindows:
    def test_with_nothing_past_its_window_takes_nothing(self, alice: Person) -> None:
        alice.sent(jpeg())
        assert retention.sweep_windows(now=timezone.now()) == 0
        assert Media.objects.count() == 1
