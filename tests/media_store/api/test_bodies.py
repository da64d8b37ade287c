"""Bodies on the wire, against the web process of the Procfile: chunked, cut off, lying about their length."""

import base64
import json
from collections.abc import Iterator

import pytest

from tests.media_files import incompressible, jpeg
from tests.media_store.api.conftest import LIMIT, Service
from tests.people import BOUNDARY, file_part, multipart
from tests.raw_http import chunked, pieces

# More than the buffers of a connection hold.
FAR_TOO_LARGE = 12 * LIMIT
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
FORMS = ("raw", "json", "multipart")


def upload(form: str, content: bytes) -> tuple[str, bytes]:
    """The content type and the body of a plain upload."""
    if form == "raw":
        return "image/jpeg", content
    if form == "json":
        return "application/json", json.dumps({"data_base64": base64.b64encode(content).decode()}).encode()
    return MULTIPART, multipart(file_part(content))


@pytest.fixture
def nothing_left_behind(service: Service) -> Iterator[None]:
    before = service.remains()
    yield
    assert service.remains() == before


class TestChunkedBodies:
    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("size", [7, 1_000, 65_536, LIMIT])
    def test_arrive_whole(self, service: Service, form: str, size: int) -> None:
        content = jpeg() if size == 7 else incompressible(200_000)
        content_type, body = upload(form, content)
        with service.wire() as wire:
            wire.head("POST", "/v1/media", Content_Type=content_type, Transfer_Encoding="chunked")
            wire.send(*chunked(pieces(body, size)))
            media = wire.hear().json()
        assert media["size"] == len(content)
        assert service.get(f"/media?path={media['media_path']}").body == content

    def test_may_carry_a_message(self, service: Service) -> None:
        document = {"to": "1", "type": "image", "data_base64": base64.b64encode(jpeg()).decode()}
        with service.wire() as wire:
            wire.head("POST", service.messages, Content_Type="application/json", Transfer_Encoding="chunked")
            wire.send(*chunked(pieces(json.dumps(document).encode(), 100)))
            assert wire.hear().status == 201

    def test_may_have_extensions_and_trailers(self, service: Service) -> None:
        with service.wire() as wire:
            wire.head("POST", "/v1/media", Content_Type="image/jpeg", Transfer_Encoding="chunked")
            wire.send(*chunked([jpeg()], extension=";a=b", trailer="X-Checksum: 1\r\n"))
            assert wire.hear().json()["size"] == len(jpeg())

    @pytest.mark.parametrize("form", FORMS)
    def test_that_are_empty_are_told_so(self, service: Service, nothing_left_behind: None, form: str) -> None:
        content_type, _ = upload(form, b"")
        with service.wire() as wire:
            wire.head("POST", "/v1/media", Content_Type=content_type, Transfer_Encoding="chunked")
            wire.send(*chunked([]))
            expected = {
                "raw": (422, "empty"),
                "json": (400, "malformed_json"),
                "multipart": (400, "malformed_multipart"),
            }
            assert wire.hear().problem == expected[form]

    @pytest.mark.parametrize("form", FORMS)
    def test_that_end_early_store_nothing(self, service: Service, nothing_left_behind: None, form: str) -> None:
        content_type, body = upload(form, jpeg())
        *whole, _ = chunked(pieces(body, 100))
        for cut in (b"".join(whole), b"".join(whole)[:-50]):
            with service.wire() as wire:
                wire.head("POST", "/v1/media", Content_Type=content_type, Transfer_Encoding="chunked")
                wire.send(cut)
                wire.end()
                assert wire.hear().problem == (400, "incomplete_body")

    @pytest.mark.parametrize("size", ["-1", "zz", "0x5", "5 5", "", "f" * 40])
    def test_with_chunks_of_no_size_store_nothing(self, service: Service, nothing_left_behind: None, size: str) -> None:
        with service.wire() as wire:
            wire.head("POST", "/v1/media", Content_Type="image/jpeg", Transfer_Encoding="chunked")
            wire.send(f"{size}\r\nhello\r\n0\r\n\r\n".encode())
            wire.end()
            assert wire.hear().problem == (400, "incomplete_body")

    def test_with_a_length_as_well_are_refused(self, service: Service, nothing_left_behind: None) -> None:
        """Two servers that believe one of the two each can be made to see different requests."""
        with service.wire() as wire:
            wire.head(
                "POST", "/v1/media", Content_Type="image/jpeg", Transfer_Encoding="chunked", Content_Length=len(jpeg())
            )
            wire.send(*chunked([jpeg()]))
            assert wire.hear().status == 400


@pytest.mark.usefixtures("nothing_left_behind")
class TestBodiesThatEndEarly:
    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("arrived", [0, 1, 300])
    def test_are_told_so_and_store_nothing(self, service: Service, form: str, arrived: int) -> None:
        content_type, body = upload(form, jpeg())
        with service.wire() as wire:
            wire.head("POST", "/v1/media", Content_Type=content_type, Content_Length=len(body))
            wire.send(body[:arrived])
            wire.end()
            heard = wire.hear()
        assert heard.problem == (400, "incomplete_body")
        assert f"{arrived} of {len(body)}" in heard.json()["detail"]

    @pytest.mark.parametrize("form", FORMS)
    def test_store_nothing_though_nobody_listens_any_more(self, service: Service, form: str) -> None:
        content_type, body = upload(form, jpeg())
        for _ in range(3):
            with service.wire() as wire:
                wire.head("POST", "/v1/media", Content_Type=content_type, Content_Length=len(body) + 1)
                wire.send(body)
        # A server that had died of it, or kept its threads, would not answer.
        for _ in range(10):
            assert service.get("/v1/limits").status == 200

    @pytest.mark.parametrize("form", ["json", "multipart"])
    def test_by_a_length_that_is_too_short_are_no_smaller_media(self, service: Service, form: str) -> None:
        content_type, body = upload(form, jpeg())
        with service.wire() as wire:
            wire.head("POST", "/v1/media", Content_Type=content_type, Content_Length=len(body) - 20)
            wire.send(body)
            assert wire.hear().problem == (400, f"malformed_{form}")


@pytest.mark.usefixtures("nothing_left_behind")
class TestBodiesThatAreTooLarge:
    """The client has its whole body sent before it listens: the answer must still be there, and no reset."""

    @pytest.mark.parametrize(("form", "connection"), [*((form, "keep-alive") for form in FORMS), ("raw", "close")])
    def test_by_their_announced_length(self, service: Service, form: str, connection: str) -> None:
        content_type, body = upload(form, bytes(FAR_TOO_LARGE))
        with service.wire() as wire:
            length = len(body)
            wire.head("POST", "/v1/media", Content_Type=content_type, Content_Length=length, Connection=connection)
            wire.send(body)
            heard = wire.hear()
        assert heard.problem == (413, "too_large")
        assert heard.json()["limit_bytes"] == LIMIT

    @pytest.mark.parametrize("form", FORMS)
    def test_by_their_chunks(self, service: Service, form: str) -> None:
        content_type, body = upload(form, bytes(FAR_TOO_LARGE))
        with service.wire() as wire:
            wire.head("POST", "/v1/media", Content_Type=content_type, Transfer_Encoding="chunked")
            wire.send(*chunked(pieces(body)))
            heard = wire.hear()
        assert heard.problem == (413, "too_large")
        assert heard.json()["limit_bytes"] == LIMIT

    @pytest.mark.parametrize("form", FORMS)
    def test_by_one_byte(self, service: Service, form: str) -> None:
        content_type, body = upload(form, bytes(LIMIT + 1))
        with service.wire() as wire:
            wire.head("POST", "/v1/media", Content_Type=content_type, Content_Length=len(body))
            wire.send(body)
            assert wire.hear().problem == (413, "too_large")

    def test_and_leave_the_connection_good_for_the_next_request(self, service: Service) -> None:
        with service.wire() as wire:
            wire.head("POST", "/v1/media", Content_Type="image/jpeg", Content_Length=LIMIT * 2)
            wire.send(bytes(LIMIT * 2))
            assert wire.hear().problem == (413, "too_large")
            wire.head("GET", "/v1/limits")
            assert wire.hear(method="GET").json()["max_bytes"] == LIMIT

    def test_or_refused_for_another_reason_are_read_to_the_end_as_well(self, service: Service) -> None:
        body = bytes(FAR_TOO_LARGE)
        device = "/v1/devices/01890000-0000-7000-8000-000000000000/messages"
        cases = [
            ("/v1/media", "image/jpeg", None, (401, "unauthenticated")),
            ("/v1/media", "image/jpeg", "mhk_wrong", (401, "unauthenticated")),
            (device, "application/json", "", (404, "not_found")),
            (service.messages, "text/plain", "", (413, "too_large")),
            ("/v1/limits", "application/json", "", (405, "method_not_allowed")),
            ("/v1/media/", "image/jpeg", "", (404, "not_found")),
            ("/v1/devices", "application/json", "", (413, "too_large")),
            ("/v1/keys", "application/json", "mhk_wrong", (401, "unauthenticated")),
            ("/v1/me", "application/json", "", (405, "method_not_allowed")),
        ]
        for path, content_type, key, expected in cases:
            with service.wire(key=key) as wire:
                wire.head("POST", path, Content_Type=content_type, Content_Length=len(body), Connection="close")
                wire.send(body)
                assert wire.hear().problem == expected


class TestBodiesOfTheLargestSize:
    @pytest.mark.parametrize("form", FORMS)
    def test_are_taken(self, service: Service, form: str) -> None:
        content_type, body = upload(form, incompressible(LIMIT))
        with service.wire() as wire:
            wire.head("POST", "/v1/media", Content_Type=content_type, Content_Length=len(body))
            wire.send(body)
            assert wire.hear().json()["size"] == LIMIT

    def test_are_taken_though_every_slash_of_their_base64_is_escaped(self, service: Service) -> None:
        text = base64.b64encode(b"\xff" * LIMIT).decode().replace("/", r"\/")
        body = f'{{"data_base64": "{text}"}}'.encode()
        with service.wire() as wire:
            wire.head("POST", "/v1/media", Content_Type="application/json", Content_Length=len(body))
            wire.send(body)
            assert wire.hear().json()["size"] == LIMIT

    def test_are_asked_for_where_the_client_waits_to_be(self, service: Service) -> None:
        with service.wire() as wire:
            wire.head("POST", "/v1/media", Content_Type="image/jpeg", Content_Length=len(jpeg()), Expect="100-continue")
            assert wire.told_to_continue()
            wire.send(jpeg())
            assert wire.hear().status == 201


class TestAnswersOnOneConnection:
    def test_that_have_no_body_leave_the_next_one_alone(self, service: Service) -> None:
        with service.wire() as wire:
            wire.head("POST", "/v1/media", Content_Type="image/jpeg", Content_Length=len(jpeg()))
            wire.send(jpeg())
            media = wire.hear().json()
            path = f"/media?path={media['media_path']}"
            for method, headers, status in (
                ("HEAD", {}, 200),
                ("GET", {"If_None_Match": "*"}, 304),
                ("HEAD", {"If_None_Match": "*"}, 304),
                ("DELETE", {}, 405),
                ("GET", {"Range": "bytes=0-0"}, 206),
            ):
                wire.head(method, path, **headers)
                heard = wire.hear(method=method)
                assert heard.status == status
                if status == 304:
                    assert heard.headers["Content-Length"] == str(len(jpeg()))
            wire.head("HEAD", "/media?path=unknown")
            assert wire.hear(method="HEAD").status == 404
            wire.head("GET", path)
            assert wire.hear(method="GET").body == jpeg()
