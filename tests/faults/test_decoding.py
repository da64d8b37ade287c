"""The searches of the decoders, once more and for longer: FUZZ_EXAMPLES of each."""

import pytest

from tests.media_store.decoding.test_decoding_search import TestBase64, TestBoth, TestJson

__all__ = ["TestBase64", "TestBoth", "TestJson"]

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1_500)]
