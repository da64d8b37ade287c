"""What staff see of what has left: runs, objects under collection, accounts of destruction, and the trail."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from devices import audit, destruction as devices_destruction
from devices.models import AuditEvent
from media_store import destruction
from media_store.models import Blob, DestroyedMedia, PurgeRun
from tests.media_files import jpeg, png
from tests.media_store.admin_lists import act, costs_the_same, selected, shown
from tests.people import Person, staff

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("plain_static_files")]
RUNS = "/admin/media_store/purgerun/"
DESTROYED = "/admin/media_store/destroyedmedia/"
BLOBS = "/admin/media_store/blob/"
TRAIL = "/admin/devices/auditevent/"


@pytest.fixture
def dora(db: None) -> Client:
    """Staff who may look at all of it."""
    return staff("dora", "view_purgerun", "view_destroyedmedia", of_tenants=("view_auditevent",))


def run(**facts: Any) -> PurgeRun:
    now = timezone.now()
    usual = {"work": "purge", "by": "beat", "started_at": now, "ended_at": now, "outcome": "done"}
    return PurgeRun.objects.create(**{**usual, **facts})


def event(**facts: Any) -> AuditEvent:
    usual = {"action": AuditEvent.Action.HOLD_SET, "now": timezone.now(), "by": "operator", "subject": "alice's phone"}
    audit.record(audit.event(**{**usual, **facts}))
    return AuditEvent.objects.latest("pk")


def blob(person: Person, **facts: Any) -> Blob:
    now = timezone.now()
    usual = {"sha256": uuid.uuid4().hex * 2, "size": 2_048, "storage_key": uuid.uuid4().hex, "created_at": now}
    condemned = {"state": "condemned", "condemned_at": now, "collect_at": now}
    return Blob.objects.create(app=person.app, **{**usual, **condemned, **facts})


def destroyed(person: Person) -> list[DestroyedMedia]:
    """What the device had, once it and its media have gone."""
    devices_destruction.destroy(person.device, now=timezone.now(), by="test")
    destruction.finish_destroyed(now=timezone.now())
    return list(DestroyedMedia.objects.filter(device_id=person.device.pk).order_by("pk"))


class TestRuns:
    def test_cost_the_same_queries_for_five_rows_as_for_one(self, dora: Client) -> None:
        assert costs_the_same(dora, RUNS, lambda number: run(rows=number))

    def test_tell_what_went_how_long_it_took_and_what_failed(self, dora: Client) -> None:
        started_at = timezone.now() - timedelta(minutes=3)
        ended_at = started_at + timedelta(seconds=125)
        row = run(outcome="partly", started_at=started_at, ended_at=ended_at, rows=1234, bytes=5 * 2**20, errors=2)
        PurgeRun.objects.filter(pk=row.pk).update(error="AccessDenied <b>")
        for text in (shown(dora, RUNS), shown(dora, f"{RUNS}{row.pk}/change/")):
            for fact in ("partly failed", "2 min 5 s", "1234", "5.0\xa0MB", "AccessDenied &lt;b&gt;", "hub-warn"):
                assert fact in text

    def test_that_were_killed_have_no_end(self, dora: Client) -> None:
        run(outcome="running", ended_at=None)
        text = shown(dora, RUNS)
        assert ">running<" in text
        assert "not ended" in text

    def test_are_filtered_and_searched(self, dora: Client) -> None:
        purge, collection = run(by="operator root"), run(work="collection", outcome="failed", error="no bucket")
        assert selected(dora, RUNS, work__exact="collection") == [str(collection.pk)]
        assert selected(dora, RUNS, outcome__exact="done") == [str(purge.pk)]
        assert selected(dora, RUNS, q="root") == [str(purge.pk)]
        assert selected(dora, RUNS, q="bucket") == [str(collection.pk)]
        assert selected(dora, RUNS, started_at__year=timezone.now().year) == [str(collection.pk), str(purge.pk)]


class TestDestroyedMedia:
    def test_cost_the_same_queries_for_five_rows_as_for_one(self, dora: Client, alice: Person) -> None:
        def add(number: int) -> None:
            person = Person.named(f"tenant {number}")
            person.sent(jpeg())
            destroyed(person)

        assert costs_the_same(dora, DESTROYED, add)

    def test_are_found_by_path_checksum_and_ids(self, dora: Client, alice: Person, bob: Person) -> None:
        media = alice.sent(jpeg())
        bob.sent(png())
        [account], _ = destroyed(alice), destroyed(bob)
        words = (media["media_path"], media["sha256"], media["id"], alice.device.pk, alice.app.pk)
        for word in words:
            assert selected(dora, DESTROYED, q=str(word)) == [str(account.pk)]
        assert selected(dora, DESTROYED, q=media["media_path"][:-1]) == []

    def test_lead_to_the_rest_of_the_device(self, dora: Client, alice: Person, bob: Person) -> None:
        alice.sent(jpeg())
        bob.sent(png())
        destroyed(bob)
        [account] = destroyed(alice)
        link = f"device_id__exact={alice.device.pk}"
        assert link in shown(dora, DESTROYED)
        assert selected(dora, f"{DESTROYED}", device_id__exact=alice.device.pk) == [str(account.pk)]
        assert selected(dora, f"{DESTROYED}", app_id__exact=alice.app.pk) == [str(account.pk)]

    def test_say_so_where_there_are_none(self, dora: Client) -> None:
        assert "within the audit window" in shown(dora, DESTROYED)


class TestTheTrail:
    def test_costs_the_same_queries_for_five_rows_as_for_one(self, dora: Client) -> None:
        assert costs_the_same(dora, TRAIL, lambda number: event(app_id=uuid.uuid4()))

    def test_is_filtered_by_action_and_date(self, dora: Client) -> None:
        old = event(now=datetime(2020, 5, 1, tzinfo=timezone.get_current_timezone()))
        new = event(action=AuditEvent.Action.MEDIA_REMOVED)
        assert selected(dora, TRAIL, action__exact="media_removed") == [str(new.pk)]
        assert selected(dora, TRAIL, at__year=2020) == [str(old.pk)]

    def test_is_searched_by_subject_person_and_id(self, dora: Client) -> None:
        device_id = uuid.uuid4()
        found, _ = event(device_id=device_id, by="staff dora"), event(subject="bob's phone")
        for words in ("alice", "dora", str(device_id)):
            assert selected(dora, TRAIL, q=words) == [str(found.pk)]

    def test_shows_details_as_words(self, dora: Client) -> None:
        row = event(details={"note": "<script>alert(1)</script>"})
        text = shown(dora, f"{TRAIL}{row.pk}/change/")
        assert "<script>alert(1)" not in text
        assert "&lt;script&gt;" in text


class TestBlobs:
    def test_cost_the_same_queries_for_five_rows_as_for_one(self, charlie: Client, db: None) -> None:
        assert costs_the_same(charlie, BLOBS, lambda number: blob(Person.named(f"tenant {number}")))

    def test_tell_how_far_their_collection_is(self, charlie: Client, alice: Person) -> None:
        due = timezone.now() + timedelta(days=3)
        row = blob(alice, collect_at=due, collect_attempts=3, collect_error="AccessDenied <b>", object_deleted_at=due)
        listed, page = shown(charlie, BLOBS), shown(charlie, f"{BLOBS}{row.pk}/change/")
        assert "failed 3 times" in listed
        for text in (listed, page):
            assert f"{due:%-d %b %Y}" in text
            assert "condemned" in text
        assert "AccessDenied &lt;b&gt;" in page
        assert page.count(f"{due:%-d %b %Y}") == 2

    def test_are_filtered_by_trouble(self, charlie: Client, alice: Person) -> None:
        blob(alice)
        row = blob(alice, collect_error="AccessDenied")
        assert selected(charlie, BLOBS, collect_error__isempty="0") == [str(row.pk)]

    def test_are_found_by_an_index(self, charlie: Client, alice: Person) -> None:
        row = blob(alice)
        assert selected(charlie, BLOBS, q=row.storage_key) == [str(row.pk)]
        assert selected(charlie, BLOBS, q=row.sha256) == [str(row.pk)]
        assert selected(charlie, BLOBS, q=row.storage_key[:-1]) == []


class TestEachOfThem:
    LISTS = pytest.mark.parametrize("address", [RUNS, DESTROYED, TRAIL])

    @LISTS
    def test_writes_nothing_for_anybody(self, alice: Person, address: str) -> None:
        alice.sent(jpeg())
        destroyed(alice)
        root = Client()
        root.force_login(User.objects.create_superuser("root"))
        pk = {RUNS: run().pk, DESTROYED: DestroyedMedia.objects.get().pk, TRAIL: event().pk}[address]
        for path in ("add/", f"{pk}/change/", f"{pk}/delete/"):
            assert root.post(f"{address}{path}", {"post": "yes", "by": "x"}).status_code == 403
        act(root, address, "delete_selected", pk, post="yes")
        assert str(pk) in selected(root, address)

    @LISTS
    def test_needs_the_permission_to_look(self, charlie: Client, address: str) -> None:
        assert charlie.get(address).status_code == 403

    @pytest.mark.parametrize("address", [RUNS, DESTROYED, TRAIL, BLOBS])
    def test_takes_any_search(self, dora: Client, address: str) -> None:
        for query in ("'; --", "%", "\\", "\x00", "x" * 5000, '"', "0" * 32):
            assert shown(dora, address, q=query), query
