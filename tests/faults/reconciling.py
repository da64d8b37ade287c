"""What reconciliation has to put right: lost objects, orphans, and what must be spared; and processes that do it."""

import json
import secrets
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import sending
from tests.faults.sending import media_in
from tests.faults.witness import Bucket, Witness
from tests.installation import ROOT, Installation, Web

# In two days, when whatever lies in the store now is old; one media in each transaction.
FIX = """
import json
import django
django.setup()
from datetime import timedelta
from django.utils import timezone
from media_store import collection, reconcile
from media_store.reconcile import Choice, losses
losses.BATCH_ROWS = {"sqlite": 1, "postgresql": 1}
later = timezone.now() + timedelta(days=2)
def fix():
    sums = reconcile.reconcile(Choice(fix=True), now=later)
    return {"found": sums.found, "left": sums.left.total(), "complete": sums.is_complete}
first = fix()
"""
# Once to the end, with the collection that follows; what is told is what a further run finds.
RECOVER = f"""{FIX}
assert first["left"] == 0 and first["complete"], first
collection.condemn_released(now=later)
collection.collect(now=later)
print(json.dumps(fix()))
"""


@dataclass(frozen=True, kw_only=True)
class Damage:
    """Two media of one lost object, an orphan, and media that nothing is wrong with."""

    installed: Installation
    web: Web
    witness: Witness
    lost: list[dict[str, Any]]
    lost_bytes: bytes
    orphan: str
    kept: dict[str, Any]
    kept_bytes: bytes

    def has_orphan(self) -> bool:
        """Whether the orphan is still in the store."""
        found = self.witness.store.keys()
        return self.orphan in found

    def status_of_lost(self) -> list[int]:
        """How the downloads of the lost media answer."""
        calls = [sending.download(self.installed, media["media_path"]) for media in self.lost]
        return [answer.status for call in calls if (answer := call.at(self.web))]

    def check(self) -> None:
        """All that is to be true once it has been put right, however often that was begun."""
        assert self.status_of_lost() == [410, 410]
        assert not self.has_orphan()
        got = sending.download(self.installed, self.kept["media_path"]).at(self.web)
        assert got is not None
        assert got.document == self.kept_bytes
        assert reasons(self) == [("failed", "bytes_missing")] * 2
        self.witness.check()
        # Nobody is led to the lost object any more.
        again = media_in(sending.raw_upload(self.installed, self.lost_bytes).at(self.web))
        got = sending.download(self.installed, again["media_path"]).at(self.web)
        assert got is not None
        assert got.document == self.lost_bytes
        self.witness.check()


def damage(installed: Installation, web: Web, witness: Witness) -> Damage:
    """Done past the service's own doors."""
    lost_bytes, kept_bytes = secrets.token_bytes(5_000), secrets.token_bytes(5_000)
    lost = [media_in(sending.raw_upload(installed, lost_bytes).at(web)) for _ in range(2)]
    kept = media_in(sending.raw_upload(installed, kept_bytes).at(web))
    (key,) = witness.rows(
        "SELECT storage_key FROM media_store_blob WHERE state = 'ready' AND sha256 = ?", lost[0]["sha256"]
    )[0]
    place(witness, key, None)
    name = secrets.token_hex(16)
    orphan = f"blobs/{uuid.uuid4().hex}/{name[:2]}/{name}"
    place(witness, orphan, b"12345")
    return Damage(
        installed=installed,
        web=web,
        witness=witness,
        lost=lost,
        lost_bytes=lost_bytes,
        orphan=orphan,
        kept=kept,
        kept_bytes=kept_bytes,
    )


def place(witness: Witness, key: str, content: bytes | None) -> None:
    """Put an object there, or take it away."""
    store = witness.store
    if isinstance(store, Bucket):
        if content is None:
            store._client.delete_object(Bucket=store._name, Key=key)
        else:
            store._client.put_object(Bucket=store._name, Key=key, Body=content)
        return
    path = Path(store._folder, key)
    if content is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def reasons(damaged: Damage) -> list[tuple[Any, ...]]:
    """Status and reason of the media that lost their bytes."""
    statement = "SELECT status, reason FROM media_store_media WHERE path IN (?, ?)"
    return damaged.witness.rows(statement, *(media["media_path"] for media in damaged.lost))


def process(installed: Installation, program: str, **env: str) -> subprocess.CompletedProcess[str]:
    """One that does nothing else."""
    command = [sys.executable, "-c", program]
    environment = {**installed.env, "DJANGO_SETTINGS_MODULE": "mediahub.settings", **env}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)


def recover(damaged: Damage) -> None:
    """One pass of reconciliation and collection; after it all is as it should be, and another pass finds nothing."""
    done = process(damaged.installed, RECOVER)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == {"found": {}, "left": 0, "complete": True}, done.stdout
    damaged.check()
