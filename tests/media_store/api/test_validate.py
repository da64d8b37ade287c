"""POST /v1/media/validate: what would become of these bytes, and nothing kept."""

import base64
from typing import Any

import pytest

from tests.media_files import jpeg, pdf, webp
from tests.people import NOTHING, Person, file_part, refusal

VALIDATE = "/v1/media/validate"


def kinds(answer: Any) -> dict[str, bool]:
    assert answer.status_code == 200, answer.content
    return {kind: verdict["accepted"] for kind, verdict in answer.json()["kinds"].items()}


class TestValidate:
    def test_says_for_each_kind_whether_it_would_go(self, alice: Person) -> None:
        answer = alice.api.post(VALIDATE, jpeg(), content_type="image/jpeg")
        assert kinds(answer) == {"image": True, "video": False, "audio": False, "document": True, "sticker": False}
        assert answer.json()["mime_type"] == "image/jpeg"
        assert answer.json()["size"] == len(jpeg())

    def test_says_why_not_in_the_words_of_the_refusal(self, alice: Person) -> None:
        verdict = alice.api.post(VALIDATE, pdf(), content_type="application/pdf").json()["kinds"]["image"]
        assert verdict["code"] == "type_not_allowed"
        sent = alice.api.send(alice.device, pdf(), mime_type="application/pdf")
        assert verdict["detail"] == sent.json()["detail"]

    @pytest.mark.parametrize("how", ["raw", "json", "multipart"])
    def test_stores_nothing(self, alice: Person, how: str) -> None:
        if how == "raw":
            answer = alice.api.post(VALIDATE, webp(), content_type="image/webp")
        elif how == "json":
            answer = alice.api.post_json(VALIDATE, {"data_base64": base64.b64encode(webp()).decode()})
        else:
            answer = alice.api.post_parts(VALIDATE, file_part(webp()))
        assert kinds(answer)["sticker"] is True
        assert alice.left_behind() == NOTHING

    def test_fetches_no_url(self, alice: Person) -> None:
        answer = alice.api.post_json(VALIDATE, {"url": "https://files.example.com/a.jpg"})
        assert refusal(answer) == (400, "malformed")

    def test_refuses_what_an_upload_would(self, alice: Person) -> None:
        assert refusal(alice.api.post(VALIDATE, b"", content_type="image/jpeg")) == (422, "empty")
        wrong = {"data_base64": base64.b64encode(jpeg()).decode(), "sha256": "0" * 64}
        assert refusal(alice.api.post_json(VALIDATE, wrong)) == (422, "checksum_mismatch")

    def test_needs_the_scope_of_an_upload(self, alice: Person) -> None:
        api = alice.with_scopes("media:read")
        assert refusal(api.post(VALIDATE, jpeg(), content_type="image/jpeg")) == (403, "scope_missing")
