"""A changed rule reaches the media that are there, by one statement that both databases understand."""

from datetime import timedelta

from django.utils import timezone

from media_store import retention
from media_store.models import Media
from tests.media_files import jpeg
from tests.people import Person


class TestAChangedRule:
    def test_moves_what_is_stored_and_remembers_from_where(self, alice: Person) -> None:
        media = Media.objects.get(pk=alice.sent(jpeg())["id"])
        before = media.expires_at
        retention.set_rule(app=None, direction="outbound", keep_days=14, now=timezone.now(), by="test")
        assert retention.apply_changed_rules(now=timezone.now()) == 1
        media.refresh_from_db()
        assert media.expires_at == media.created_at + timedelta(days=14)
        assert media.brought_forward_from == before
        assert media.expiry_rule == "every app: outbound, 14 days"
