"""A witness from outside: reads the rows and the objects of an installation as they lie, past all of its code."""

import hashlib
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import psycopg
from botocore.config import Config

from tests.installation import Installation

Rows = list[tuple[Any, ...]]
# It says whose store this is, and is nobody's object.
MARK = "blobs/.mediahub"


class Files:
    """Objects as files. One that is still being written bears its key between a dot and `.part`, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keys(self) -> set[str]:
        """Every key that has bytes, whole or not."""
        return {self._key(path) for path in self._folder.rglob("*") if path.is_file()} - {MARK}

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

    def unfinished(self) -> set[str]:
        """Keys of uploads in parts that were neither completed nor aborted."""
        listed = self._client.list_multipart_uploads(Bucket=self._name)
        return {entry["Key"] for entry in listed.get("Uploads", ())}

    def read(self, key: str) -> bytes:
        """The bytes."""
        return bytes(self._client.get_object(Bucket=self._name, Key=key)["Body"].read())


@dataclass(frozen=True, kw_only=True)
class Witness:
    """What is true of the installation now."""

    installation: Installation

    @property
    def store(self) -> Files | Bucket:
        """The objects."""
        env = self.installation.own_env
        return Bucket(env) if "MEDIA_BUCKET" in env else Files(self.installation.var / "media")

    def rows(self, statement: str, *parameters: object) -> Rows:
        """What the database answers; parameters stand as `?` in the statement."""
        url = self.installation.own_env["DATABASE_URL"]
        if url.startswith("sqlite"):
            with closing(sqlite3.connect(urlsplit(url).path)) as connection:
                return connection.execute(statement, parameters).fetchall()
        with psycopg.connect(url) as server:
            return server.execute(statement.replace("?", "%s").encode(), parameters).fetchall()

    def states_of(self, content: bytes) -> list[str]:
        """The states of the blobs of these bytes, oldest first."""
        statement = "SELECT state FROM media_store_blob WHERE sha256 = ? ORDER BY id"
        return [state for (state,) in self.rows(statement, hashlib.sha256(content).hexdigest())]

    def ready_media_of(self, content: bytes) -> int:
        """How many READY media of these bytes there are."""
        digest = hashlib.sha256(content).hexdigest()
        statement = "SELECT count(*) FROM media_store_media WHERE sha256 = ? AND status = 'ready'"
        return int(self.rows(statement, digest)[0][0])

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

    def _every_object_has_a_row(self) -> None:
        known = {key for (key,) in self.rows("SELECT storage_key FROM media_store_blob")}
        assert self.store.keys() <= known, "an object that no row speaks of"
