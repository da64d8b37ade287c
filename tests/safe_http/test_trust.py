"""Whom TLS believes."""

import ssl

from safe_http import mozillas_authorities, tls_context
from tests.safe_http.internet import believed


class TestTrust:
    def test_is_in_mozillas_list_and_in_names_and_in_tls_from_1_2(self) -> None:
        context = mozillas_authorities()
        assert context.check_hostname
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert len(context.get_ca_certs()) > 50

    def test_may_be_in_authorities_of_ones_own(self) -> None:
        with believed()._ca.cert_pem.tempfile() as path:
            assert len(tls_context(path).get_ca_certs()) == 1
