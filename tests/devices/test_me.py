"""GET /v1/me."""

from rest_framework.test import APIClient

from tests.devices.conftest import Tenant


class TestMe:
    def test_says_which_app_key_and_scopes(self, alice: Tenant) -> None:
        me = alice.with_scopes("media:read").get("/v1/me").json()

        assert me["app"] == {"id": str(alice.app.pk), "name": "alice"}
        assert me["key"]["name"] == "another"
        assert me["scopes"] == me["key"]["scopes"] == ["media:read"]

    def test_needs_no_scope_but_a_key(self, alice: Tenant, charlie: APIClient) -> None:
        assert alice.with_scopes("gateway").get("/v1/me").status_code == 200
        assert charlie.get("/v1/me").status_code == 401

    def test_tells_neither_token_nor_digest(self, alice: Tenant) -> None:
        text = alice.client.get("/v1/me").content.decode()
        assert alice.token not in text
        assert alice.key.digest not in text

    def test_is_read_only(self, alice: Tenant) -> None:
        assert alice.client.post("/v1/me", {}).json()["code"] == "method_not_allowed"
