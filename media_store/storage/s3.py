"""Objects in any S3-compatible store; only what they all have in common."""

import base64
import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import structlog
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from storages.backends.s3 import S3Storage

from media_store.errors import StorageFull, StorageUnavailable
from media_store.storage.objects import MARK_KEY, PAGE_KEYS, Listed, refuse_foreign_prefix

if TYPE_CHECKING:
    from botocore.response import StreamingBody

READ_BYTES = 262_144
# One request up to here (it beats a multipart upload for small objects), parts of this size beyond.
PART_BYTES = 16 * 1024 * 1024
# More than any mark of ours.
MARK_BYTES = 1_024
NO_ROOM = ("XMinioStorageFull", "InsufficientStorage", "QuotaExceeded")
MULTIPART = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, use_threads=False)

log = structlog.get_logger(__name__)

# By store and credentials; a bucket needs none of its own.
_clients: dict[tuple[Any, ...], Any] = {}
_making = threading.Lock()


class S3Store(S3Storage):  # type: ignore[misc]  # the library has no types
    """A bucket. One client serves every thread of the process: a session each costs 0.1 s and 10 MB."""

    @property
    def client(self) -> Any:
        """The shared client; clients are safe between threads, making one is not."""
        whose = (self.endpoint_url, self.region_name, self.access_key, self.secret_key, self.addressing_style)
        with _making:
            if whose not in _clients:
                _clients[whose] = self.connection.meta.client
                _clients[whose].meta.events.register("before-sign.s3.DeleteObjects", _add_content_md5)
            return _clients[whose]

    def put_file(self, key: str, path: Path) -> None:
        """See `ObjectStore`. Bytes are read from the file as they are sent, in both ways."""
        with _faults(key):
            if path.stat().st_size > PART_BYTES:
                self.client.upload_file(str(path), self.bucket_name, key, Config=MULTIPART)
                return
            with path.open("rb") as body:
                self.client.put_object(Bucket=self.bucket_name, Key=key, Body=body)

    def read_range(self, key: str, *, start: int, length: int) -> Iterator[bytes]:
        """See `ObjectStore`."""
        with _faults(key):
            # The length is named even for a whole object: a shorter one than the row says is a fault at once.
            answer = self.client.get_object(
                Bucket=self.bucket_name, Key=key, Range=f"bytes={start}-{start + length - 1}"
            )
            if answer["ContentLength"] != length:
                log.error("storage_short", storage_key=key, expected=length, found=answer["ContentLength"])
                answer["Body"].close()
                raise StorageUnavailable
            pieces = _pieces(answer["Body"], key)
            next(pieces)
            return pieces

    def local_file(self, key: str, *, length: int) -> BinaryIO | None:  # noqa: ARG002 - see `ObjectStore`
        """See `ObjectStore`: never here."""
        return None

    def delete(self, keys: Sequence[str]) -> dict[str, str]:
        """See `ObjectStore`."""
        if not keys:
            return {}
        with _faults("delete"):
            wanted = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
            answer = self.client.delete_objects(Bucket=self.bucket_name, Delete=wanted)
        errors = {error["Key"]: error.get("Code") or "unknown" for error in answer.get("Errors", ())}
        # Most stores report an absent object as deleted; some do not.
        return {key: code for key, code in errors.items() if code != "NoSuchKey"}

    def delete_unfinished(self, key: str) -> None:
        """See `ObjectStore`. Parts of a multipart upload are no object, and are found by no listing of objects."""
        with _faults(key):
            listed = self.client.list_multipart_uploads(Bucket=self.bucket_name, Prefix=key)
            for upload in listed.get("Uploads", ()):
                if upload["Key"] == key:
                    self._abort(key, upload["UploadId"])

    def _abort(self, key: str, upload_id: str) -> None:
        try:
            self.client.abort_multipart_upload(Bucket=self.bucket_name, Key=key, UploadId=upload_id)
        except ClientError as error:
            if _code(error) != "NoSuchUpload":
                raise

    def listing(self, *, prefix: str, start_after: str = "") -> Iterator[list[Listed]]:
        """See `ObjectStore`. The store's own token leads from page to page: it knows in what order it lists."""
        refuse_foreign_prefix(prefix)
        where = {"StartAfter": start_after}
        while where:
            found, token = self._page(prefix, where)
            if page := [_listed(entry) for entry in found if entry["Key"] != MARK_KEY]:
                yield page
            where = {"ContinuationToken": token} if token else {}

    def _page(self, prefix: str, where: dict[str, str]) -> tuple[list[dict[str, Any]], str | None]:
        with _faults(prefix):
            answer = self.client.list_objects_v2(Bucket=self.bucket_name, Prefix=prefix, MaxKeys=PAGE_KEYS, **where)
        return answer.get("Contents", []), answer.get("NextContinuationToken") if answer["IsTruncated"] else None

    def size_of(self, key: str) -> int | None:
        """See `ObjectStore`. A missing bucket looks the same; whoever concludes anything proves the store."""
        with _faults(key):
            try:
                return int(self.client.head_object(Bucket=self.bucket_name, Key=key)["ContentLength"])
            except ClientError as error:
                if _code(error) not in ("404", "NoSuchKey"):
                    raise
                return None

    def read_mark(self) -> str | None:
        """See `ObjectStore`."""
        with _faults(MARK_KEY):
            try:
                answer = self.client.get_object(Bucket=self.bucket_name, Key=MARK_KEY)
            except ClientError as error:
                if _code(error) != "NoSuchKey":
                    raise
                return None
            with answer["Body"] as body:
                return str(body.read(MARK_BYTES).decode(errors="replace"))

    def write_mark(self, token: str) -> None:
        """See `ObjectStore`."""
        with _faults(MARK_KEY):
            self.client.put_object(Bucket=self.bucket_name, Key=MARK_KEY, Body=token.encode())

    def probe(self) -> None:
        """Ask for the bucket: a wrong name and wrong credentials both fail."""
        with _faults("probe"):
            self.client.head_bucket(Bucket=self.bucket_name)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _add_content_md5(request: Any, **_event: Any) -> None:
    """The header that older stores insist on for DeleteObjects, where boto3 sends a newer checksum only."""
    digest = hashlib.md5(request.body, usedforsecurity=False).digest()
    request.headers["Content-MD5"] = base64.b64encode(digest).decode()


@contextmanager
def _faults(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = _code(error)
        log.error("storage_fault", storage_key=key, code=code, error=str(error))
        if code in NO_ROOM:
            raise StorageFull from error
        raise StorageUnavailable from error
    except (BotoCoreError, HTTPClientError, Boto3Error) as error:
        log.error("storage_fault", storage_key=key, error=str(error))
        raise StorageUnavailable from error


def _listed(entry: dict[str, Any]) -> Listed:
    return Listed(key=entry["Key"], size=entry["Size"], modified_at=entry["LastModified"])


def _pieces(body: "StreamingBody", key: str) -> Iterator[bytes]:
    """An empty piece first, once the first bytes are here: a store that breaks off before them is a 503, not a 500."""
    try:
        with _faults(key):
            first = body.read(READ_BYTES)
            yield b""
            yield first
            yield from body.iter_chunks(READ_BYTES)
    finally:
        # Without this a download that its reader gave up would keep the connection from the pool.
        body.close()
