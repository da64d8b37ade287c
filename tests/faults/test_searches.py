"""The searches of headers and of multipart bodies, once more and for longer."""

import pytest

from tests.media_store.api.test_search import TestABodyOfParts, TestADownload, media
from tests.media_store.conftest import alice, spool
from tests.media_store.test_headers_search import TestADisposition, TestARange

__all__ = ["TestABodyOfParts", "TestADisposition", "TestADownload", "TestARange", "alice", "media", "spool"]

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1_500)]
