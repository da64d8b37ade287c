"""From addresses to what Django, django-storages and Celery are told."""

from pathlib import Path
from typing import Any

import pytest

from mediahub import connections
from mediahub.environment import WrongSetting

VAR = Path("/srv/var")
BASE = Path("/srv/mediahub")


def database(url: str) -> dict[str, Any]:
    return connections.database(url, var=VAR, base=BASE)


class TestAuthority:
    @pytest.mark.parametrize(("host", "written"), [("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80")])
    def test_is_written_as_in_a_url(self, host: str, written: str) -> None:
        assert connections.authority(host, 80) == written


class TestDatabase:
    def test_is_sqlite_below_var_where_none_is_named(self) -> None:
        assert database("")["NAME"] == VAR / "mediahub.sqlite3"

    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("sqlite:///media.sqlite3", BASE / "media.sqlite3"),
            ("sqlite:////srv/data/media.sqlite3", Path("/srv/data/media.sqlite3")),
            ("sqlite://:memory:", ":memory:"),
        ],
    )
    def test_a_relative_sqlite_file_lies_in_the_project_wherever_a_process_starts(
        self, url: str, name: str | Path
    ) -> None:
        assert database(url)["NAME"] == name

    def test_is_kept_connected_and_asked_whether_it_still_is(self) -> None:
        config = database("postgres://alice:p%40ss%2Fword@db.example.com:5433/media")
        assert (config["USER"], config["PASSWORD"]) == ("alice", "p@ss/word")
        assert (config["HOST"], config["PORT"], config["NAME"]) == ("db.example.com", 5433, "media")
        assert config["CONN_MAX_AGE"] > 0
        assert config["CONN_HEALTH_CHECKS"]

    def test_options_of_the_address_come_before_ours(self) -> None:
        options = database("postgres://alice@db/media?sslmode=require&connect_timeout=9")["OPTIONS"]
        assert (options["sslmode"], options["connect_timeout"]) == ("require", 9)

    @pytest.mark.parametrize(
        ("url", "sentence"),
        [
            ("mysql://alice:hunter2@localhost/media", "DATABASE_URL must begin with postgres:// or sqlite:///"),
            ("just words", "DATABASE_URL must begin with postgres:// or sqlite:///"),
            ("postgres://alice:hunter2@localhost", "DATABASE_URL must name a database"),
            ("postgres://alice:hunter2@localhost:many/media", "DATABASE_URL cannot be read"),
        ],
    )
    def test_a_wrong_address_is_refused_without_its_password(self, url: str, sentence: str) -> None:
        with pytest.raises(WrongSetting) as refusal:
            database(url)
        assert str(refusal.value).startswith(sentence)
        assert "hunter2" not in str(refusal.value)


def broker(url: str) -> tuple[str, str | None, dict[str, Any]]:
    return connections.broker(url, var=VAR, task_limit_seconds=600)


class TestBroker:
    @pytest.mark.parametrize(
        ("url", "kombus"),
        [
            ("redis://:pass@127.0.0.1:6379/3", "redis://:pass@127.0.0.1:6379/3"),
            ("rediss://redis.example.com/0", "rediss://redis.example.com/0"),
            ("unix:///run/redis.sock?db=2", "redis+socket:///run/redis.sock?virtual_host=2"),
            ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ],
    )
    def test_takes_every_address_of_a_redis(self, url: str, kombus: str) -> None:
        connections.require_redis(url)
        assert broker(url)[:2] == (kombus, None)

    def test_a_task_is_given_to_somebody_else_only_after_it_must_have_ended(self) -> None:
        assert broker("redis://127.0.0.1/0")[2]["visibility_timeout"] > 600

    @pytest.mark.parametrize("url", ["http://localhost", "localhost:6379", "amqp://localhost"])
    def test_refuses_what_is_no_redis(self, url: str) -> None:
        with pytest.raises(WrongSetting, match="REDIS_URL must begin with redis://, rediss:// or unix://"):
            connections.require_redis(url)


def media_store(**named: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "bucket": "",
        "endpoint": "",
        "region": "",
        "access_key": "",
        "secret_key": "",
        "path_style": False,
    }
    return connections.media_store(folder=VAR, **{**given, **named})


class TestMediaStore:
    def test_is_a_folder_where_no_bucket_is_named(self) -> None:
        assert media_store() == {
            "BACKEND": "media_store.storage.files.FileStore",
            "OPTIONS": {"location": VAR},
        }

    @pytest.mark.parametrize(("path_style", "addressing"), [(True, "path"), (False, "auto")])
    def test_speaks_what_every_store_understands(self, path_style: bool, addressing: str) -> None:
        client = media_store(bucket="media", path_style=path_style)["OPTIONS"]["client_config"]
        assert client.signature_version == "s3v4"
        assert client.s3 == {"addressing_style": addressing}
        assert client.request_checksum_calculation == "when_required"

    def test_never_writes_over_an_object(self) -> None:
        assert media_store(bucket="media")["OPTIONS"]["file_overwrite"] is False
