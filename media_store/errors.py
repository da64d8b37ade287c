"""What media_store refuses, each with its code in the table of problems."""

import errno
from datetime import datetime

from devices.errors import Refused
from problems.errors import Malformed, Problem

RETRY_SECONDS = 5


class MalformedMultipart(Problem):
    """The body is not the multipart/form-data it should be (RFC 7578)."""

    code = "malformed_multipart"


class IncompleteBody(Problem):
    """Fewer bytes arrived than were announced."""

    code = "incomplete_body"


class UnsupportedBody(Problem):
    """The Content-Type of the body is none that this route reads."""

    code = "unsupported_body"


class SourceMissing(Problem):
    """None of the media sources was given."""

    code = "source_missing"


class SourceAmbiguous(Problem):
    """More than one media source was given."""

    code = "source_ambiguous"


class SourceForbidden(Problem):
    """A URL that nothing is fetched from, whatever lies there."""

    code = "source_forbidden"


class NotRefetchable(Problem):
    """The media has not failed, or did not come from a URL, or its URL is no longer kept."""

    code = "not_refetchable"


class CaptionTooLong(Problem):
    """The caption has more characters than the network carries."""

    code = "caption_too_long"


class TooLarge(Problem):
    """More bytes than a limit allows."""

    code = "too_large"

    def __init__(self, *, limit_bytes: int, actual_bytes: int | None = None, what: str = "The media") -> None:
        super().__init__(f"{what} may have at most {limit_bytes} bytes.", limit_bytes=limit_bytes)
        if actual_bytes is not None:
            self.extras["actual_bytes"] = actual_bytes


class Empty(Problem):
    """No bytes at all."""

    code = "empty"

    def __init__(self, detail: str = "The media has no bytes.") -> None:
        super().__init__(detail)


class BadBase64(Problem):
    """The text is not standard base64 (RFC 4648, section 4); `position` counts characters from 0."""

    code = "bad_base64"

    def __init__(self, detail: str, *, position: int) -> None:
        super().__init__(detail, position=position)


class TypeNotAllowed(Problem):
    """The declared type is none that this message type carries."""

    code = "type_not_allowed"


class MimeMismatch(Problem):
    """The bytes are no type that this message type carries."""

    code = "mime_mismatch"


class ChecksumMismatch(Problem):
    """The bytes are not those that the client's sha256 promised."""

    code = "checksum_mismatch"


class DuplicateMessageId(Problem):
    """The message id names other media of this device and direction."""

    code = "duplicate_message_id"


class PathMissing(Problem):
    """GET /media was called without its path."""

    code = "path_missing"


class MediaNotReady(Problem):
    """The bytes are still on their way."""

    code = "media_not_ready"


class MediaGone(Problem):
    """The bytes were here and will not come back."""

    code = "media_gone"


class LinkExpired(Problem):
    """The link was made here, and its time is over."""

    code = "link_expired"

    def __init__(self, expired_at: datetime) -> None:
        super().__init__("The link is over; ask for another one.", expired_at=expired_at.isoformat())


class MediaFailed(Problem):
    """The bytes never arrived."""

    code = "media_failed"


class MediaOmitted(Problem):
    """The gateway chose not to carry the bytes."""

    code = "media_omitted"


class PreconditionFailed(Problem):
    """The media is not the one that the request's own conditions name (RFC 9110, section 13)."""

    code = "precondition_failed"


class RangeNotSatisfiable(Problem):
    """No byte of the requested range exists (RFC 9110, section 15.5.17)."""

    code = "range_not_satisfiable"

    def __init__(self, *, size: int) -> None:
        super().__init__(f"The media has {size} bytes.", headers={"Content-Range": f"bytes */{size}"})


class StorageFault(Problem):
    """The object store did not do what it was asked; subclasses say why not."""

    @property
    def sentence(self) -> str:
        """For operators: with what the store itself said, which clients are not shown."""
        return f"{self.detail} It said: {self.__cause__}" if self.__cause__ else self.detail


class StorageUnavailable(StorageFault):
    """The object store is not there, or refuses."""

    code = "storage_unavailable"

    def __init__(self, detail: str = "The media storage did not answer; nothing was lost.") -> None:
        super().__init__(detail, headers={"Retry-After": str(RETRY_SECONDS)})


class WrongStore(StorageUnavailable):
    """The configured store is not the one that holds this database's objects; nothing is put there or deleted."""

    def __init__(self, *, missing: bool) -> None:
        super().__init__()
        self.missing = missing

    @property
    def sentence(self) -> str:
        """For operators."""
        found = "bears no mark" if self.missing else "bears the mark of another installation"
        way_out = (
            " If it is the right one and has lost its mark, manage.py mark_store gives it." if self.missing else ""
        )
        return (
            f"The configured store {found}: it is not the one that holds this database's objects. Look at MEDIA_BUCKET "
            f"and AWS_ENDPOINT_URL, or at whether the disk with the files is mounted. Nothing was changed.{way_out}"
        )


class UnmarkedStore(WrongStore):
    """Nothing was ever stored by this database, and the configured store bears nobody's mark."""

    def __init__(self) -> None:
        super().__init__(missing=True)

    @property
    def sentence(self) -> str:
        """For operators."""
        return (
            "The configured store bears no mark, and this database has not stored anything yet: whose objects lie "
            "there cannot be told. The first upload marks a store that is empty, and manage.py mark_store any other. "
            "Nothing was changed."
        )


class OccupiedStore(WrongStore):
    """Nothing was ever stored by this database, and the configured store holds objects that it knows nothing of."""

    def __init__(self) -> None:
        super().__init__(missing=True)

    @property
    def sentence(self) -> str:
        """For operators."""
        return (
            "The configured store bears no mark and holds objects, none of which this database knows: they are another "
            "installation's, or this is not the database that it should be. Look at DATABASE_URL, MEDIA_BUCKET and "
            "AWS_ENDPOINT_URL. If the store is to be this database's all the same, run manage.py mark_store. "
            "Nothing was changed."
        )


class LegalHoldInForce(Refused):
    """Something that is to go, or a part of it, is held."""

    code = "legal_hold"

    def __init__(self, what: str = "The media") -> None:
        super().__init__(f"{what} is under a legal hold and stays until the hold is released.")


class HoldRefused(Malformed):
    """A hold that says too little, or that would be over before it began."""


class RuleRefused(Malformed):
    """A retention rule that cannot be meant."""


class StorageFull(StorageFault):
    """There is no room for these bytes."""

    code = "storage_full"

    def __init__(self, detail: str = "The service has no room left; nothing was stored.") -> None:
        super().__init__(detail)


def of_disk(error: OSError) -> StorageFull | StorageUnavailable:
    """What to answer where a disk refuses."""
    return StorageFull() if error.errno in (errno.ENOSPC, errno.EDQUOT) else StorageUnavailable()


class TryAgain(Problem):
    """The upload was given up while it ran, by a sweep or by a removal."""

    code = "try_again"

    def __init__(self, detail: str = "The upload was given up while it ran; nothing was stored.") -> None:
        super().__init__(detail, headers={"Retry-After": str(RETRY_SECONDS)})
