"""A witness from outside: reads the rows and the objects of an installation as they lie, past all of its code."""

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import boto3
from botocore.config import Config

from tests.faults.rows import Rows, run
from tests.installation import Installation

# It says whose store this is, and is nobody's object.
MARK = "blobs/.mediahub"


class Files:
    """Objects as files. One that is still being written bears its key between a dot and `.part`, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keys(self) -> set[str]:
        """Every key that has bytes, whole or not."""
        return {self._key(path) for path in self._folder.rglob("*") if path.is_file()} - {MARK}

    def break_off(self, key: str) -> None:
        """Leave what a put leaves that is killed between the file and its place."""
        beside = self._folder / key
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.with_name(f".{beside.name}.part").write_bytes(b"a half")

    def read(self, key: str) -> bytes:
        """The bytes."""
        return (self._folder / key).read_bytes()

    def _key(self, path: Path) -> str:
        unfinished = re.fullmatch(r"\.(.+)\.part", path.name)
        name = unfinished[1] if unfinished else path.name
        return str(path.with_name(name).relative_to(self._folder))


class Bucket:
    """Objects in a bucket."""

    def __init__(self, env: dict[str, str]) -> None:
        self._name = env["MEDIA_BUCKET"]
        self._client = boto3.client(
            "s3",
            endpoint_url=env["AWS_ENDPOINT_URL"],
            region_name=env["AWS_REGION"],
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}),
        )

    def keys(self) -> set[str]:
        """Every key, unfinished multipart uploads included."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name)
        whole = {entry["Key"] for page in pages for entry in page.get("Contents", ())}
        return (whole | self.unfinished()) - {MARK}

    def break_off(self, key: str) -> None:
        """Leave what a put in parts leaves that is killed before its end."""
        upload = self._client.create_multipart_upload(Bucket=self._name, Key=key)["UploadId"]
        self._client.upload_part(Bucket=self._name, Key=key, UploadId=upload, PartNumber=1, Body=b"a half")

    def delete(self, key: str) -> None:
        """The object."""
        self._client.delete_object(Bucket=self._name, Key=key)

    @contextmanager
    def another(self, *, mark: str | None) -> Iterator[str]:
        """The name of another bucket, which bears this mark."""
        name = f"{self._name}-{secrets.token_hex(3)}"
        self._client.create_bucket(Bucket=name)
        if mark is not None:
            self._client.put_object(Bucket=name, Key=MARK, Body=mark.encode())
        yield name
        self._client.delete_object(Bucket=name, Key=MARK)
        self._client.delete_bucket(Bucket=name)

    def remove(self) -> None:
        """The bucket with all that is in it: a throw-away store has room for some tens of them at a time."""
        for key in {*self.keys(), MARK}:
            self.delete(key)
        self._client.delete_bucket(Bucket=self._name)

    def unfinished(self) -> set[str]:
        """Keys of uploads in parts that were neither completed nor aborted."""
        listed = self._client.list_multipart_uploads(Bucket=self._name)
        return {entry["Key"] for entry in listed.get("Uploads", ())}

    def read(self, key: str) -> bytes:
        """The bytes."""
        return bytes(self._client.get_object(Bucket=self._name, Key=key)["Body"].read())


@dataclass(kw_only=True)
class Witness:
    """What is true of the installation now."""

    installation: Installation

    @cached_property
    def store(self) -> Files | Bucket:
        """The objects; a client of a bucket costs a tenth of a second."""
        env = self.installation.own_env
        return Bucket(env) if "MEDIA_BUCKET" in env else Files(self.installation.var / "media")

    def rows(self, statement: str, *parameters: object) -> Rows:
        """What the database answers; parameters stand as `?` in the statement."""
        return run(self.installation, statement, *parameters)

    def states_of(self, content: bytes) -> list[str]:
        """The states of the blobs of these bytes, oldest first."""
        statement = "SELECT state FROM media_store_blob WHERE sha256 = ? ORDER BY id"
        return [state for (state,) in self.rows(statement, hashlib.sha256(content).hexdigest())]

    def ready_media_of(self, content: bytes) -> int:
        """How many READY media of these bytes there are."""
        digest = hashlib.sha256(content).hexdigest()
        statement = "SELECT count(*) FROM media_store_media WHERE sha256 = ? AND status = 'ready'"
        return int(self.rows(statement, digest)[0][0])

    def bytes_of(self, content: bytes) -> bytes:
        """What the object of the READY blob of these bytes holds."""
        statement = "SELECT storage_key FROM media_store_blob WHERE sha256 = ? AND state = 'ready'"
        return self.store.read(self.rows(statement, hashlib.sha256(content).hexdigest())[0][0])

    def dump(self, *tables: str) -> list[Rows]:
        """Every row of them, as it stands."""
        return [self.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables]  # noqa: S608 - our own names

    def last_run(self) -> tuple[str, int, str]:
        """How the last run of purge or collection ended, its errors, and what it says of them."""
        statement = "SELECT outcome, errors, error FROM media_store_purgerun ORDER BY id DESC LIMIT 1"
        outcome, errors, error = self.rows(statement)[0]
        return str(outcome), int(errors), str(error)

    def check(self) -> None:
        """The promises that hold at every moment, whatever was killed."""
        self._every_ready_media_has_its_bytes()
        self._every_object_has_a_row()

    def _every_ready_media_has_its_bytes(self) -> None:
        held = self.rows(
            "SELECT DISTINCT blob.state, blob.storage_key, media.sha256 FROM media_store_media media"
            " LEFT JOIN media_store_blob blob ON blob.id = media.blob_id WHERE media.status = 'ready'"
        )
        for state, key, sha256 in held:
            assert state == "ready", f"READY media of {sha256} on a blob that is {state}"
            assert hashlib.sha256(self.store.read(key)).hexdigest() == sha256

    def known_keys(self) -> set[str]:
        """The keys that rows speak of."""
        return {key for (key,) in self.rows("SELECT storage_key FROM media_store_blob")}

    def _every_object_has_a_row(self) -> None:
        # The objects first: one that is put meanwhile has had its row before.
        there = self.store.keys()
        assert there <= self.known_keys(), "an object that no row speaks of"
