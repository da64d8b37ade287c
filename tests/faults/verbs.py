"""What an operator's process does in these tests: `python -m tests.faults.verbs VERB ARGUMENTS`, both ways in JSON.

A process of its own, so that it can be killed, through FAILPOINTS or from outside. It does nothing but call the
verbs that beat, the API and the commands call. With `serve` it forks such a process for each line that it reads.
"""

import json
import os
import sys
import traceback
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NoReturn, cast

import django

django.setup()

from django.conf import settings  # noqa: E402 - the settings come first
from django.utils import timezone  # noqa: E402

from devices import destruction as devices_destruction, keys, registry  # noqa: E402
from devices.models import App, Device, WebhookEndpoint  # noqa: E402
from devices.scopes import Scope  # noqa: E402
from devices.webhooks import CHOOSABLE  # noqa: E402
from media_store import collection, destruction, failpoints, ingest, retention, spool, store_mark, tasks  # noqa: E402
from media_store.models import Media  # noqa: E402
from media_store.retention import applying, windows  # noqa: E402
from media_store.spool import Spool  # noqa: E402

BY = "operator"
# Past the upload deadline, and past the day for which a blob that never was READY keeps its row after that.
LATER = (timedelta(days=1), timedelta(days=3))
PAST_THE_AUDIT = timedelta(days=200)


def mark_store(*, now: datetime) -> None:
    """As before a first upload."""
    store_mark.prove(now=now)


def tenants(*, now: datetime, count: int) -> list[dict[str, str]]:
    """Apps with a key, a phone, and a phone that is under a legal hold."""
    return [_tenant(now=now) for _ in range(count)]


def _tenant(*, now: datetime) -> dict[str, str]:
    app = registry.create_app(name="alice", now=now)
    phone = registry.create_device(app=app, name="alice's phone", now=now)
    held = registry.create_device(app=app, name="evidence", now=now)
    retention.hold(held, reason="a case", until=None, by=BY, now=now)
    _, key = keys.issue_key(app=app, name="", scopes=Scope.values, expires_at=None, now=now)
    return {"app_id": str(app.pk), "device_id": str(phone.pk), "held_device_id": str(held.pk), "key": key}


def purge(*, now: datetime, batch_rows: int, app_id: str | None = None) -> int:
    """Of what expired; answers how many rows went."""
    rows = Media.objects.expired(now=now)
    if app_id is not None:
        rows = rows.filter(app_id=app_id)
    return retention.purge(rows, now=now, batch_rows=batch_rows).rows


def collect(*, now: datetime) -> int:
    """All of collection; answers how many objects went."""
    condemn(now=now)
    return collection.collect(now=now).objects


def condemn(*, now: datetime) -> int:
    """All of collection that comes before the store is touched."""
    return collection.give_up_uploads(now=now) + collection.condemn_released(now=now)


def finish_destroyed(*, now: datetime, batch_rows: int) -> int:
    """Go on with what is marked."""
    destruction.BATCH_ROWS.update(dict.fromkeys(destruction.BATCH_ROWS, batch_rows))
    return destruction.finish_destroyed(now=now)


def destroy_app(*, now: datetime, app_id: str, batch_rows: int) -> None:
    """An app from its mark to its last row."""
    for device in Device.objects.filter(app_id=app_id, name="evidence"):
        for held in retention.holds_on(Media(app_id=device.app_id, device_id=device.pk), now=now):
            retention.release_hold(held, by=BY, now=now)
    devices_destruction.destroy_app(App.objects.get(pk=app_id), now=now, by=BY)
    finish_destroyed(now=now, batch_rows=batch_rows)
    _collect_later(now=now)
    finish_destroyed(now=now, batch_rows=batch_rows)


def sweep_windows(*, now: datetime, batch_rows: int) -> int:
    """Long after everything."""
    windows.BATCH_ROWS.update(dict.fromkeys(windows.BATCH_ROWS, batch_rows))
    return retention.sweep_windows(now=now + PAST_THE_AUDIT)


def set_rule(*, now: datetime, app_id: str, keep_days: int) -> None:
    """A rule for all media of an app."""
    retention.set_rule(app=App.objects.get(pk=app_id), keep_days=keep_days, now=now, by=BY)


def apply_rules(*, now: datetime, batch_rows: int) -> int:
    """Every rule that was changed."""
    applying.BATCH_ROWS.update(dict.fromkeys(applying.BATCH_ROWS, batch_rows))
    return retention.apply_changed_rules(now=now)


def hold(*, now: datetime, media_id: str) -> None:
    """On one media."""
    retention.hold(Media.objects.get(pk=media_id), reason="a case", until=None, by=BY, now=now)


def note_delivery(*, now: datetime, media_id: str) -> bool:
    """That it was delivered."""
    return retention.note_delivery(uuid.UUID(media_id), state=Media.Delivery.DELIVERED, at=now, now=now)


def listen(*, now: datetime, app_id: str) -> None:
    """An endpoint that is told of everything; nothing is sent to it here."""
    WebhookEndpoint.objects.create(
        app_id=app_id, url="https://hooks.example.com/", events=list(CHOOSABLE), secret="whsec_AA==", created_at=now
    )


def announce_expiring(*, now: datetime, app_id: str) -> int:
    """Of media that all expire within the hour."""
    Media.objects.filter(app_id=app_id).update(expires_at=now + timedelta(hours=1))
    return retention.announce_expiring(now=now)


def lose_the_race(*, now: datetime, app_id: str, text: str) -> None:
    """Upload bytes that another upload makes READY between our object and our promotion."""
    rivals = [partial(_upload, now=now, app_id=app_id, text=text)]

    def meanwhile() -> None:
        # The rival passes this moment too, and has no rival.
        if rivals:
            rivals.pop()()

    with failpoints.at("ingest.object_put", meanwhile):
        _upload(now=now, app_id=app_id, text=text)


def _upload(*, now: datetime, app_id: str, text: str) -> None:
    app = App.objects.get(pk=app_id)
    arrival = ingest.Arrival(app=app, device=None, direction=Media.Direction.UPLOAD, source=Media.Source.RAW)
    with Spool(folder=settings.SPOOL_DIR, max_bytes=settings.MEDIA_MAX_BYTES) as spooled:
        spooled.write(text.encode())
        ingest.receive(arrival, spooled, now=now)


def multiply(*, now: datetime, media_id: str, count: int, in_days: int) -> None:
    """Make as many copies of a media's row, each of a path of its own, which expire one second after the other."""
    media = Media.objects.get(pk=media_id)
    expires_at = now + timedelta(days=in_days)
    copies = [_copy(media, number, expires_at=expires_at + timedelta(seconds=number)) for number in range(count)]
    Media.objects.bulk_create(copies, batch_size=500)


def _copy(media: Media, number: int, *, expires_at: datetime) -> Media:
    values = {field.attname: getattr(media, field.attname) for field in Media._meta.concrete_fields}
    # Plain uploads have no message.
    message_id = media.message_id and f"{media.message_id}-{number}"
    changed = {"id": uuid.uuid4(), "path": f"{media.path}.{number}", "message_id": message_id}
    return Media(**{**values, **changed, "expires_at": expires_at})


def task(*, now: datetime, name: str) -> int:
    """One of the tasks that beat asks for, here and now."""
    return cast("int", getattr(tasks, name)())


def recover(*, now: datetime, sweep: bool = False) -> None:
    """One pass of everything that goes on with what was left, at such times that nothing of it need wait."""
    destruction.finish_destroyed(now=now)
    retention.purge(Media.objects.expired(now=now), now=now)
    _collect_later(now=now)
    destruction.finish_destroyed(now=now)
    spool.sweep(folder=settings.SPOOL_DIR)
    if sweep:
        retention.sweep_windows(now=now + PAST_THE_AUDIT)


def _collect_later(*, now: datetime) -> None:
    for wait in LATER:
        collect(now=now + wait)


VERBS: dict[str, Callable[..., Any]] = {
    verb.__name__: verb
    for verb in (
        *(mark_store, tenants, purge, collect, condemn, finish_destroyed, destroy_app, sweep_windows),
        *(
            set_rule,
            apply_rules,
            hold,
            note_delivery,
            listen,
            announce_expiring,
            lose_the_race,
            multiply,
            task,
            recover,
        ),
    )
}


def main() -> None:
    """The command line. The line `begun` says that from here on the verb is at work."""
    if sys.argv[1:] == ["serve"]:
        serve()
        return
    sys.stderr.write("begun\n")
    sys.stderr.flush()
    answer = VERBS[sys.argv[1]](now=timezone.now(), **json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps(answer))


def serve() -> None:
    """Do each verb of the lines that come in, in a process of its own that needs no second to start."""
    for line in sys.stdin:
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            _work(writer, **json.loads(line))
        os.close(writer)
        with os.fdopen(reader) as pipe:
            told = pipe.read()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(json.dumps({"code": code, "told": told}) + "\n")
        sys.stdout.flush()


def _work(writer: int, *, verb: str, arguments: dict[str, Any], failpoints: dict[str, str]) -> NoReturn:
    settings.FAILPOINTS = failpoints
    code, told = 0, ""
    try:
        told = json.dumps(VERBS[verb](now=timezone.now(), **arguments))
    except Exception:  # noqa: BLE001 - whatever it was, the test is told
        code, told = 1, traceback.format_exc()
    os.write(writer, told.encode())
    os._exit(code)


if __name__ == "__main__":
    main()
