"""What the settings say to MediaHub's processes, and what they say where they are wrong."""

import os
import runpy
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.db.utils import ConnectionHandler
from pytest_django import DjangoDbBlocker

from mediahub import settings_table
from mediahub.environment import WrongSetting
from mediahub.settings import SETTINGS_TABLE
from tests.mediahub.started import ROOT, environment, manage, program, run

WEB = ("gunicorn", "--config", "python:mediahub.gunicorn")
WORKER = ("celery", "--app", "mediahub", "--quiet", "worker")
BEAT = ("celery", "--app", "mediahub", "--quiet", "beat")
KEYS = {"AWS_ACCESS_KEY_ID": "alice", "AWS_SECRET_ACCESS_KEY": "secret"}


def settings_of(env: dict[str, str]) -> dict[str, Any]:
    """What a process with this environment reads at its start."""
    with patch.dict(os.environ, env, clear=True):
        read = runpy.run_path(str(ROOT / "mediahub" / "settings.py"))
    return {name: value for name, value in read.items() if name.isupper()}


class TestNothingSet:
    def test_starts_with_sqlite_files_and_a_file_broker_below_var(self, tmp_path: Path) -> None:
        found = settings_of(environment(tmp_path))
        places = (
            found["DATABASES"]["default"]["NAME"],
            found["STORAGES"]["media"]["OPTIONS"]["location"],
            found["CELERY_BROKER_TRANSPORT_OPTIONS"]["data_folder_in"],
            found["SPOOL_DIR"],
        )
        assert [place for place in places if not Path(place).is_relative_to(tmp_path)] == []

    def test_the_embedded_database_waits_for_its_turn_and_survives_a_power_cut(
        self, tmp_path: Path, django_db_blocker: DjangoDbBlocker
    ) -> None:
        connection: Any = ConnectionHandler(settings_of(environment(tmp_path))["DATABASES"])["default"]
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            names = ("journal_mode", "synchronous", "busy_timeout")
            asked = [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in names]
        connection.close()
        assert (*asked, connection.transaction_mode) == ("wal", 2, 20_000, "IMMEDIATE")

    def test_debug_is_off(self, tmp_path: Path) -> None:
        assert settings_of(environment(tmp_path))["DEBUG"] is False

    @pytest.mark.faults
    def test_migrates_one_app_after_the_other(self, tmp_path: Path) -> None:
        for arguments in (["contenttypes"], [], ["media_store", "zero"], ["media_store"]):
            done = manage("migrate", *arguments, env=environment(tmp_path))
            assert (done.returncode, done.stderr) == (0, ""), arguments

    @pytest.mark.faults
    def test_migrates_without_a_var(self, tmp_path: Path) -> None:
        """The plan is enough: to make it the database is opened."""
        done = manage("migrate", "--plan", env=environment(tmp_path / "new", SECRET_KEY="x" * 50))
        assert (done.returncode, done.stderr) == (0, "")
        assert (tmp_path / "new" / "mediahub.sqlite3").is_file()


class TestSecretKey:
    def test_is_made_once_by_processes_that_start_together_and_kept_to_its_owner(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", "from mediahub.settings import SECRET_KEY; print(SECRET_KEY)"]
        env = environment(tmp_path)
        together = [subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        secrets = {process.communicate(timeout=50)[0].strip() for process in together}
        [secret] = secrets
        file = tmp_path / "secret_key"
        assert file.read_text() == secret
        assert len(secret) >= 50
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert list(tmp_path.glob(".secret_key*")) == []

    def test_an_empty_file_is_made_good(self, tmp_path: Path) -> None:
        (tmp_path / "secret_key").touch()
        assert len(settings_of(environment(tmp_path))["SECRET_KEY"]) >= 50

    def test_without_a_place_to_keep_it_says_what_to_set(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(WrongSetting, match="set SECRET_KEY, or MEDIAHUB_VAR to a writable folder"):
            settings_of(environment(tmp_path / "file"))


class TestEnvFile:
    def test_is_read_where_the_environment_says_nothing(self, tmp_path: Path) -> None:
        file = tmp_path / "settings.env"
        file.write_text("PORT=8100\nLOG_LEVEL=error\n")
        env = environment(tmp_path, MEDIAHUB_ENV_FILE=str(file), LOG_LEVEL="warning")
        found = settings_of(env)
        assert (found["PORT"], found["LOG_LEVEL"]) == (8100, "warning")


class TestWrongSettings:
    @pytest.mark.parametrize(
        ("settings", "sentence"),
        [
            ({"MEDIA_MAX_BYTES": "100 MB"}, "MEDIA_MAX_BYTES must be a whole number from 1; it is '100 MB'."),
            ({"MEDIA_BUCKET": "media"}, "MEDIA_BUCKET is set without AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."),
        ],
    )
    def test_stop_every_command_with_a_sentence_and_no_traceback(
        self, tmp_path: Path, settings: dict[str, str], sentence: str
    ) -> None:
        done = manage("check", env=environment(tmp_path, **settings))
        assert done.returncode == 1
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr

    # Where they read the settings, worker and beat are one program; where they check them, they are two.
    @pytest.mark.parametrize(
        ("settings", "command"),
        [
            ({"MEDIA_MAX_BYTES": "0"}, WEB),
            ({"MEDIA_MAX_BYTES": "0"}, WORKER),
            *(pytest.param({"MEDIA_BUCKET": "media"}, each, marks=pytest.mark.faults) for each in (WEB, WORKER, BEAT)),
        ],
    )
    def test_stop_web_worker_and_beat_alike(
        self, tmp_path: Path, settings: dict[str, str], command: tuple[str, ...]
    ) -> None:
        name, *arguments = command
        done = run(program(name), *arguments, env=environment(tmp_path, **settings))
        assert done.returncode != 0
        assert f"MediaHub cannot start: {next(iter(settings))}" in done.stderr
        assert "Traceback" not in done.stderr + done.stdout


class TestAddresses:
    @pytest.mark.parametrize(
        ("name", "address"),
        [
            ("DATABASE_URL", "postgres://user:pa[hunter2]@host/db"), ("DATABASE_URL", "postgres://user:pa[hunter2@host/db"),
            ("DATABASE_URL", "postgres://user:pa/hunter2@host/db"), ("REDIS_URL", "redis://:pa[hunter2@host:6379/0"),
            ("REDIS_URL", "redis://:pa/hunter2@host:6379/0"), ("PUBLIC_URL", "http://[::1"), ("GATEWAY_URL", "http://a:b"),
        ],
    )  # fmt: skip
    def test_that_cannot_be_read_are_named_and_not_quoted(self, tmp_path: Path, name: str, address: str) -> None:
        with pytest.raises(WrongSetting, match=f"^{name} cannot be read: percent-encode") as wrong:
            settings_of(environment(tmp_path, **{name: address}))
        assert "hunter2" not in str(wrong.value)


@pytest.mark.faults
class TestDeployment:
    def test_settings_behind_tls_pass_every_check(self, tmp_path: Path) -> None:
        env = environment(
            tmp_path,
            SECRET_KEY="a-secret-of-its-own-0123456789-0123456789-abcdefghij",
            ALLOWED_HOSTS="media.example.com",
            BEHIND_TLS="true",
            DATABASE_URL="postgres://mediahub:pass%2Fword@127.0.0.1:5432/mediahub",
            REDIS_URL="redis://127.0.0.1:6379/0",
            MEDIA_BUCKET="media",
            **KEYS,
        )
        done = manage("check", "--deploy", "--fail-level", "WARNING", env=env)
        assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stderr


class TestSettingsTable:
    def test_the_page_is_what_the_settings_say(self) -> None:
        assert (ROOT / "docs" / "settings.md").read_text() == settings_table.markdown(SETTINGS_TABLE), RENEW

    def test_the_example_file_is_what_the_settings_say(self) -> None:
        assert (ROOT / ".env.example").read_text() == settings_table.dotenv(SETTINGS_TABLE), RENEW

    def test_every_name_is_there_once(self) -> None:
        names = [row.name for row in SETTINGS_TABLE]
        assert len(set(names)) == len(names)

    def test_the_example_file_changes_nothing_once_its_lines_are_taken_in(self, tmp_path: Path) -> None:
        lines = (ROOT / ".env.example").read_text().splitlines()
        named = [line.removeprefix("# ") for line in lines if line.startswith("# ") and line.endswith("=")]
        file = tmp_path / "settings.env"
        file.write_text("\n".join(named))
        assert len(named) > 15
        taken_in = settings_of(environment(tmp_path, MEDIAHUB_ENV_FILE=str(file)))
        untouched = settings_of(environment(tmp_path))
        differing = {
            name for name in untouched.keys() | taken_in.keys() if repr(taken_in.get(name)) != repr(untouched.get(name))
        }
        assert differing == {"ENV_FILE"}


RENEW = "renew it with: manage.py settings_table --write"


class TestSettingsOfRetention:
    @pytest.mark.parametrize("value", ["-1", "4000000000"])
    def test_that_would_leave_the_calendar_are_refused_at_start(self, tmp_path: Path, value: str) -> None:
        """Every upload, or every sweep, would fail by them."""
        with pytest.raises(WrongSetting, match="RETENTION_CEILING_DAYS"):
            settings_of(environment(tmp_path, RETENTION_CEILING_DAYS=value))

    def test_are_all_bounded(self) -> None:
        names = ("FLOOR_DAYS", "CEILING_DAYS", "AUDIT_DAYS", "KEEP_DAYS", "GRACE_SECONDS", "DEADLINE_SECONDS")
        rows = [row for row in SETTINGS_TABLE if row.name.endswith(names) and row.name != "WEB_GRACE_SECONDS"]
        assert len(rows) == 10
        assert [row.name for row in rows if " to " not in row.expects] == []
