"""An estate: a tenant with media of every sort that a removal meets, and the census of what is left of it.

Some will go: one with bytes of its own, two that share theirs, one whose bytes another media keeps. Some stay: that
other media, and one under a legal hold that has expired long since.
"""

import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.faults import sending
from tests.faults.deaths import GONE, Deaths, status_of
from tests.faults.sending import Call, media_in
from tests.faults.witness import Witness
from tests.installation import Web

ABANDONED_AT = ("ingest.pending_written", "ingest.object_put")

Census = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """As tests/faults/verbs.py makes them. `held_device_id` is under a legal hold."""

    app_id: str
    device_id: str
    held_device_id: str
    key: str

    @property
    def on_held_device(self) -> "Sender":
        """The same, sending from there."""
        return Sender(key=self.key, device_id=self.held_device_id)


@dataclass(frozen=True, kw_only=True)
class Sender:
    """A key and a device."""

    key: str
    device_id: str


@dataclass(kw_only=True)
class Estate:
    """`going` and `staying` are media objects as the API gave them, with the bytes of each."""

    tenant: Tenant
    web: Web
    witness: Witness
    going: list[dict[str, Any]] = field(default_factory=list)
    staying: list[dict[str, Any]] = field(default_factory=list)

    def fill(self) -> None:
        """Upload it all."""
        alone, twins, kept, expired = (secrets.token_bytes(900) for _ in range(4))
        self.going = [self._sent(content) for content in (alone, twins, twins, kept)]
        self.staying = [self._of(sending.raw_upload(self.tenant, kept), kept)]
        held = self._of(sending.base64_message(self.tenant.on_held_device, expired), expired)
        self.held = held
        self.expire(held)

    def _sent(self, content: bytes) -> dict[str, Any]:
        return self._of(sending.base64_message(self.tenant, content), content)

    def _of(self, call: Call, content: bytes) -> dict[str, Any]:
        return {**media_in(call.at(self.web)), "content": content}

    def expire(self, *media: dict[str, Any]) -> None:
        """Let their time be over."""
        for one in media:
            statement = "UPDATE media_store_media SET expires_at = ? WHERE id = ?"
            self.witness.rows(statement, datetime.now(UTC) - timedelta(hours=1), UUID(one["id"]))

    def remove(self, *media: dict[str, Any]) -> None:
        """As a client does."""
        for one in media:
            assert status_of(sending.removal(self.tenant, one["id"]), self.web) == 204

    def destroy_device(self) -> None:
        """Mark the phone, as a client does."""
        assert status_of(self.destruction(), self.web) == 204

    def destruction(self) -> Call:
        """The call that marks the phone."""
        return Call(method="DELETE", path=f"/v1/devices/{self.tenant.device_id}", key=self.tenant.key)

    def abandon_uploads(self, killed: Deaths) -> None:
        """Kill two uploads on their way: one leaves its whole object, the other a half, and both are past hope."""
        for failpoint in ABANDONED_AT:
            content = secrets.token_bytes(900)
            killed.at(failpoint, sending.raw_upload(self.tenant, content))
        of_app = "FROM media_store_blob WHERE app_id = ? AND state = 'pending'"
        for (key,) in self.witness.rows(f"SELECT storage_key {of_app}", self.app_id):
            self.witness.store.break_off(key)
        statement = "UPDATE media_store_blob SET created_at = ? WHERE app_id = ? AND state = 'pending'"
        self.witness.rows(statement, datetime.now(UTC) - timedelta(days=1), self.app_id)

    @property
    def app_id(self) -> UUID:
        """Of the tenant."""
        return UUID(self.tenant.app_id)

    def assert_out_of_reach(self) -> None:
        """Nothing that is to go can be read."""
        for media in self.going:
            assert status_of(sending.download(self.tenant, media["media_path"]), self.web) in GONE

    def assert_readable(self, *media: dict[str, Any]) -> None:
        """These have all their bytes."""
        for one in media:
            answer = sending.download(self.tenant, one["media_path"]).at(self.web)
            assert answer is not None
            assert answer.document == one["content"]

    def assert_held_is_whole(self) -> None:
        """It has expired, so nobody may read it; its row and its bytes are there to the last one."""
        content = self.held["content"]
        assert self.witness.ready_media_of(content) == 1
        assert self.witness.bytes_of(content) == content

    def census(self) -> Census:
        """How many rows of each sort there are, and how many objects."""
        counted = {name: self._counted(statement) for name, statement in STATEMENTS.items()}
        keys, prefix = self.witness.store.keys(), f"blobs/{self.app_id.hex}/"
        return {**counted, "objects": sum(key.startswith(prefix) for key in keys)}

    def _counted(self, statement: str) -> dict[str, int]:
        return dict(Counter(str(row) for row in self.witness.rows(statement, self.app_id)))


STATEMENTS = {
    "media": "SELECT status, reason, caption, sender, blob_id IS NULL FROM media_store_media WHERE app_id = ?",
    "blobs": "SELECT state FROM media_store_blob WHERE app_id = ?",
    "notes": (
        "SELECT 'note' FROM media_store_blobrelease WHERE blob_id IN (SELECT id FROM media_store_blob WHERE app_id = ?)"
    ),
    "destroyed": "SELECT path IS NULL, size FROM media_store_destroyedmedia WHERE app_id = ?",
    "devices": "SELECT destroyed_at IS NULL FROM devices_device WHERE app_id = ?",
    "apps": "SELECT destroyed_at IS NULL FROM devices_app WHERE id = ?",
    "trail": "SELECT action FROM devices_auditevent WHERE app_id = ?",
}
