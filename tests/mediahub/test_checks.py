"""What the system checks say of settings that are wrong together."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.checks import CheckMessage
from pytest_django import Settings

from mediahub import checks

KEYS = {"AWS_ACCESS_KEY_ID": "alice", "AWS_SECRET_ACCESS_KEY": "secret"}
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
NO_STORE = {"MEDIA_BUCKET": "", "AWS_ENDPOINT_URL": "", **NO_KEYS}


def found(check: Callable[[], list[CheckMessage]]) -> list[tuple[str | None, str]]:
    return [(message.id, message.msg) for message in check()]


class TestObjectStore:
    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            ({}, []),
            ({"MEDIA_BUCKET": "media", **KEYS}, []),
            ({"MEDIA_BUCKET": "media", "AWS_ENDPOINT_URL": "http://127.0.0.1:9000", **KEYS}, []),
            # Keys alone are other programs' keys.
            (KEYS, []),
            (
                {"MEDIA_BUCKET": "media"},
                [("mediahub.E001", "MEDIA_BUCKET is set without AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")],
            ),
            (
                {"MEDIA_BUCKET": "media", "AWS_ACCESS_KEY_ID": "alice"},
                [("mediahub.E001", "MEDIA_BUCKET is set without AWS_SECRET_ACCESS_KEY.")],
            ),
            (
                {"MEDIA_BUCKET": "media", "AWS_SECRET_ACCESS_KEY": "secret"},
                [("mediahub.E001", "MEDIA_BUCKET is set without AWS_ACCESS_KEY_ID.")],
            ),
            (
                {"AWS_ENDPOINT_URL": "http://127.0.0.1:9000"},
                [("mediahub.E002", "AWS_ENDPOINT_URL is set without MEDIA_BUCKET.")],
            ),
            (
                {"MEDIA_BUCKET": "media", "AWS_ENDPOINT_URL": "store:9000", **KEYS},
                [("mediahub.E003", "AWS_ENDPOINT_URL is no address of a store.")],
            ),
            *(
                (
                    {"MEDIA_BUCKET": "media", "AWS_ENDPOINT_URL": address, **KEYS},
                    [("mediahub.E003", "AWS_ENDPOINT_URL is no address of a store.")],
                )
                for address in ("http://[store", "http://store:port")
            ),
        ],
    )
    def test_half_of_it_is_told(
        self, settings: Settings, said: dict[str, str], expected: list[tuple[str, str]]
    ) -> None:
        for name, value in {**NO_STORE, **said}.items():
            setattr(settings, name, value)
        assert found(checks.check_object_store) == expected


class TestFolders:
    def test_are_made_where_they_can_be(self, settings: Settings, tmp_path: Path) -> None:
        settings.SPOOL_DIR = tmp_path / "new" / "spool"
        assert found(checks.check_folders) == []
        assert settings.SPOOL_DIR.is_dir()

    def test_one_that_cannot_be_is_named_with_the_setting_that_moves_it(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        settings.SPOOL_DIR = tmp_path / "file" / "spool"
        (tmp_path / "file").touch()
        [message] = checks.check_folders()
        assert (message.id, message.msg) == ("mediahub.E004", f"{settings.SPOOL_DIR} cannot be used: Not a directory.")
        assert "SPOOL_DIR" in str(message.hint)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_one_that_may_not_be_written_is_named(self, settings: Settings, tmp_path: Path) -> None:
        settings.SPOOL_DIR = tmp_path
        tmp_path.chmod(0o500)
        [message] = checks.check_folders()
        assert message.msg == f"{tmp_path} cannot be used: this user may not read and write there."


class TestSecretKey:
    @pytest.mark.parametrize(("length", "ids"), [(49, ["mediahub.E005"]), (50, [])])
    def test_must_be_long(self, settings: Settings, length: int, ids: list[str]) -> None:
        settings.SECRET_KEY = "x" * length
        assert [message.id for message in checks.check_secret_key()] == ids


class TestDebug:
    @pytest.mark.parametrize(
        ("debug", "hosts", "ids"),
        [
            (True, ["media.example.com", "localhost"], ["mediahub.W001"]),
            (True, ["localhost", "127.0.0.1", "[::1]"], []),
            (False, ["media.example.com"], []),
        ],
    )
    def test_is_warned_of_where_strangers_come(
        self, settings: Settings, debug: bool, hosts: list[str], ids: list[str]
    ) -> None:
        settings.DEBUG, settings.ALLOWED_HOSTS = debug, hosts
        assert [message.id for message in checks.check_debug()] == ids


class TestEnvFile:
    @pytest.mark.parametrize(
        ("content", "messages"),
        [
            ("# MEDIA_BUKET=\nPORT=8001\nexport LOG_LEVEL=error\n", []),
            ("MEDIA_BUKET=media\n", [("mediahub.W002", "The .env file sets MEDIA_BUKET, which nothing reads.")]),
        ],
    )
    def test_a_misspelt_name_is_warned_of(
        self, settings: Settings, tmp_path: Path, content: str, messages: list[tuple[str, str]]
    ) -> None:
        settings.ENV_FILE = tmp_path / "settings.env"
        settings.ENV_FILE.write_text(content)
        assert found(checks.check_env_file) == messages


class TestAllowedOrigins:
    def test_are_named_where_there_are_any(self, settings: Settings) -> None:
        settings.FETCH_ALLOW, settings.WEBHOOK_ALLOW = ["http://files:8080"], ["http://n8n:5678", "http://n8n:5679"]
        rules = "the rules about scheme, port, names and addresses"
        assert found(checks.check_allowed_origins) == [
            ("mediahub.I001", f"FETCH_ALLOW exempts http://files:8080 from {rules}."),
            ("mediahub.I002", f"WEBHOOK_ALLOW exempts http://n8n:5678, http://n8n:5679 from {rules}."),
        ]

    def test_by_default_are_none(self) -> None:
        assert found(checks.check_allowed_origins) == []


class TestDeadlines:
    @pytest.mark.parametrize(("fetch", "limit", "ids"), [(60, 600, []), (600, 600, ["mediahub.E007"])])
    def test_a_fetch_has_to_end_before_its_worker_begins_anew(
        self, settings: Settings, fetch: int, limit: int, ids: list[str]
    ) -> None:
        settings.FETCH_DEADLINE_SECONDS, settings.TASK_LIMIT_SECONDS = fetch, limit
        assert [message.id for message in checks.check_deadlines()] == ids


class TestLeases:
    @pytest.mark.parametrize(("url", "lease", "ids"), [(600, 120, []), (120, 120, []), (60, 120, ["mediahub.W003"])])
    def test_a_content_url_should_live_as_long_as_the_claim(
        self, settings: Settings, url: int, lease: int, ids: list[str]
    ) -> None:
        settings.CONTENT_URL_SECONDS, settings.OUTBOX_LEASE_SECONDS = url, lease
        assert [message.id for message in checks.check_leases()] == ids
