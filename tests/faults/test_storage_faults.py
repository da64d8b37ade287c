"""A store that fails in the middle of an upload: the client hears 503, and no media is READY without its bytes."""

import http.client
import secrets
from collections.abc import Iterator

import pytest

from tests.faults import fault_proxy, sending
from tests.faults.fault_proxy import Fault, Proxy
from tests.faults.operators import Operator
from tests.faults.sending import SOURCES, Call, media_in
from tests.faults.witness import Bucket, Witness
from tests.installation import Installation, Web

pytestmark = [pytest.mark.faults, pytest.mark.services, pytest.mark.timeout(180)]

FAULTS: dict[str, Fault] = {
    "500": fault_proxy.refusing(500, "InternalError"),
    "503": fault_proxy.refusing(503, "SlowDown"),
    "403": fault_proxy.refusing(403, "AccessDenied"),
    "404": fault_proxy.refusing(404, "NoSuchBucket"),
    "507": fault_proxy.refusing(507, "XMinioStorageFull"),
    "timeout": fault_proxy.silent,
    "connection reset": fault_proxy.reset,
    "applied but answer lost": fault_proxy.answer_lost,
}
FULL = "507"
# What the client tries again by itself, where it happens once.
PASSING = ("500", "503", "timeout", "connection reset", "applied but answer lost")
IN_PARTS_BYTES = 20 * 1024 * 1024


@pytest.fixture(scope="module")
def installed(on_services: Installation) -> Installation:
    """Over the real services only."""
    return on_services


@pytest.fixture(scope="module")
def web(installed: Installation, operator: Operator, proxy: Proxy) -> Iterator[Web]:
    """A web process that reaches its store through the proxy."""
    settings = {"DJANGO_SETTINGS_MODULE": "tests.faults.impatient", "AWS_ENDPOINT_URL": proxy.url}
    with installed.web(WEB_CONCURRENCY="1", **settings) as server:
        yield server


@pytest.fixture
def content() -> bytes:
    """Bytes that nobody has stored yet."""
    return secrets.token_bytes(5_000)


@pytest.fixture(params=SOURCES)
def call(request: pytest.FixtureRequest, installed: Installation, content: bytes) -> Call:
    """An upload by each source."""
    return SOURCES[request.param](installed, content)


def refused(call: Call, web: Web, *, status: int, code: str) -> None:
    """The problem that the client gets."""
    answer = call.at(web)
    assert answer is not None
    assert (answer.status, answer.document.get("code")) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    if status == http.client.SERVICE_UNAVAILABLE:
        assert int(answer.headers["Retry-After"]) > 0


class TestUploadToAFailingStore:
    @pytest.mark.parametrize("fault", FAULTS)
    def test_is_refused_and_leaves_a_condemned_blob(
        self, installed: Installation, proxy: Proxy, web: Web, witness: Witness, call: Call, content: bytes, fault: str
    ) -> None:
        status, code = (507, "storage_full") if fault == FULL else (503, "storage_unavailable")
        with proxy.failing(FAULTS[fault]):
            refused(call, web, status=status, code=code)
        assert proxy.seen
        assert witness.states_of(content) == ["condemned"]
        assert witness.ready_media_of(content) == 0
        assert list(installed.spool.glob("*")) == []
        witness.check()
        media = media_in(call.at(web))
        got = sending.download(installed, media["media_path"]).at(web)
        assert got is not None
        assert got.document == content
        assert witness.states_of(content) == ["condemned", "ready"]
        witness.check()

    @pytest.mark.parametrize("fault", PASSING)
    def test_that_fails_once_is_tried_again(
        self, proxy: Proxy, web: Web, witness: Witness, call: Call, content: bytes, fault: str
    ) -> None:
        with proxy.failing(FAULTS[fault], times=1):
            media_in(call.at(web))
            assert proxy.seen == ["PUT", "PUT"]
        assert witness.states_of(content) == ["ready"]
        witness.check()


class TestUploadInParts:
    @pytest.mark.parametrize("fault", ["500", "connection reset", "applied but answer lost"])
    @pytest.mark.parametrize("method", ["PUT", "POST"])
    def test_that_fails_leaves_no_parts_behind(
        self, installed: Installation, proxy: Proxy, web: Web, witness: Witness, method: str, fault: str
    ) -> None:
        content = secrets.token_bytes(IN_PARTS_BYTES)
        call = sending.raw_upload(installed, content)
        with proxy.failing(FAULTS[fault], methods=(method,)):
            refused(call, web, status=503, code="storage_unavailable")
        assert witness.states_of(content) == ["condemned"]
        assert witness.ready_media_of(content) == 0
        witness.check()
        media_in(call.at(web))
        assert witness.states_of(content) == ["condemned", "ready"]
        witness.check()
        store = witness.store
        assert isinstance(store, Bucket)
        assert fault == "applied but answer lost" or store.unfinished() == set()


class TestDownloadFromAFailingStore:
    @pytest.mark.parametrize("fault", [name for name in FAULTS if name != FULL])
    def test_is_a_503_and_not_a_broken_200(
        self, installed: Installation, proxy: Proxy, web: Web, content: bytes, fault: str
    ) -> None:
        media = media_in(sending.raw_upload(installed, content).at(web))
        got = sending.download(installed, media["media_path"])
        with proxy.failing(FAULTS[fault], methods=("GET",)):
            refused(got, web, status=503, code="storage_unavailable")
        again = got.at(web)
        assert again is not None
        assert again.document == content

    def test_that_breaks_before_the_first_byte_is_a_503(
        self, installed: Installation, proxy: Proxy, web: Web, content: bytes
    ) -> None:
        media = media_in(sending.raw_upload(installed, content).at(web))
        with proxy.failing(fault_proxy.headers_only, methods=("GET",)):
            got = sending.download(installed, media["media_path"])
            refused(got, web, status=503, code="storage_unavailable")

    def test_that_breaks_in_the_middle_never_looks_whole(self, installed: Installation, proxy: Proxy, web: Web) -> None:
        media = media_in(sending.raw_upload(installed, secrets.token_bytes(2_000_000)).at(web))
        with proxy.failing(fault_proxy.cut_short, methods=("GET",)):
            assert sending.download(installed, media["media_path"]).at(web) is None


class TestRepeatedAttachment:
    def test_needs_no_store_at_all(self, installed: Installation, proxy: Proxy, web: Web, content: bytes) -> None:
        media_in(sending.raw_upload(installed, content).at(web))
        with proxy.failing(FAULTS["500"], methods=("PUT", "POST", "GET")):
            media_in(sending.base64_message(installed, content).at(web))
            assert proxy.seen == []
