"""What the settings say to MediaHub's processes, and what they say where they are wrong."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mediahub import settings_table
from mediahub.settings import SETTINGS_TABLE
from tests.mediahub.started import ROOT, environment, manage, program, run

KEYS = {"AWS_ACCESS_KEY_ID": "alice", "AWS_SECRET_ACCESS_KEY": "secret"}
READ = "from django.conf import settings; print({})"


def setting(expression: str, env: dict[str, str]) -> str:
    done = run(
        sys.executable, "-c", READ.format(expression), env={**env, "DJANGO_SETTINGS_MODULE": "mediahub.settings"}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class TestNothingSet:
    def test_starts_with_sqlite_files_and_a_file_broker_below_var(self, tmp_path: Path) -> None:
        found = setting(
            "settings.DATABASES['default']['NAME'], settings.STORAGES['media']['OPTIONS']['location'], "
            "settings.CELERY_BROKER_TRANSPORT_OPTIONS['data_folder_in'], settings.SPOOL_DIR",
            environment(tmp_path),
        )
        assert found.count(str(tmp_path)) == 4

    def test_the_embedded_database_waits_for_its_turn_and_survives_a_power_cut(self, tmp_path: Path) -> None:
        script = (
            "import django; django.setup(); from django.db import connection as c; k = c.cursor();"
            "ask = lambda name: k.execute(f'PRAGMA {name}').fetchone()[0];"
            "print(ask('journal_mode'), ask('synchronous'), ask('busy_timeout'), c.transaction_mode)"
        )
        env = environment(tmp_path, DJANGO_SETTINGS_MODULE="mediahub.settings")
        done = run(sys.executable, "-c", script, env=env)
        assert done.stdout.split() == ["wal", "2", "20000", "IMMEDIATE"], done.stderr

    def test_debug_is_off(self, tmp_path: Path) -> None:
        assert setting("settings.DEBUG", environment(tmp_path)) == "False"

    def test_migrates_without_a_var(self, tmp_path: Path) -> None:
        done = manage("migrate", "--verbosity=0", env=environment(tmp_path / "new", SECRET_KEY="x" * 50))
        assert (done.returncode, done.stderr) == (0, "")


class TestSecretKey:
    def test_is_made_once_by_processes_that_start_together_and_kept_to_its_owner(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", READ.format("settings.SECRET_KEY")]
        env = {**environment(tmp_path), "DJANGO_SETTINGS_MODULE": "mediahub.settings"}
        together = [subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) for _ in range(6)]
        secrets = {process.communicate(timeout=50)[0].strip() for process in together}
        [secret] = secrets
        file = tmp_path / "secret_key"
        assert file.read_text() == secret
        assert len(secret) >= 50
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert list(tmp_path.glob(".secret_key*")) == []

    def test_an_empty_file_is_made_good(self, tmp_path: Path) -> None:
        (tmp_path / "secret_key").touch()
        assert len(setting("settings.SECRET_KEY", environment(tmp_path))) >= 50

    def test_without_a_place_to_keep_it_says_what_to_set(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        done = manage("check", env=environment(tmp_path / "file"))
        assert done.returncode == 1
        assert "set SECRET_KEY, or MEDIAHUB_VAR to a writable folder" in done.stderr


class TestEnvFile:
    def test_is_read_where_the_environment_says_nothing(self, tmp_path: Path) -> None:
        file = tmp_path / "settings.env"
        file.write_text("PORT=8100\nLOG_LEVEL=error\n")
        env = environment(tmp_path, MEDIAHUB_ENV_FILE=str(file), LOG_LEVEL="warning")
        assert setting("settings.PORT, settings.LOG_LEVEL", env) == "8100 warning"


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

    @pytest.mark.parametrize(
        "command",
        [
            ("gunicorn", "--config", "python:mediahub.gunicorn"),
            ("celery", "--app", "mediahub", "--quiet", "worker"),
            ("celery", "--app", "mediahub", "--quiet", "beat"),
        ],
    )
    @pytest.mark.parametrize("settings", [{"MEDIA_MAX_BYTES": "0"}, {"MEDIA_BUCKET": "media"}])
    def test_stop_web_worker_and_beat_alike(
        self, tmp_path: Path, command: tuple[str, ...], settings: dict[str, str]
    ) -> None:
        name, *arguments = command
        done = run(program(name), *arguments, env=environment(tmp_path, **settings))
        assert done.returncode != 0
        assert f"MediaHub cannot start: {next(iter(settings))}" in done.stderr
        assert "Traceback" not in done.stderr + done.stdout


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
        done = manage("check", env=environment(tmp_path, MEDIAHUB_ENV_FILE=str(file)))
        assert (done.returncode, done.stderr) == (0, "")
        assert len(named) > 15


RENEW = "renew it with: manage.py settings_table --write"


class TestSettingsOfRetention:
    @pytest.mark.parametrize("value", ["-1", "4000000000"])
    def test_that_would_leave_the_calendar_are_refused_at_start(self, tmp_path: Path, value: str) -> None:
        """Every upload, or every sweep, would fail by them."""
        done = manage("check", env=environment(tmp_path, RETENTION_CEILING_DAYS=value))
        assert done.returncode != 0
        assert "RETENTION_CEILING_DAYS" in done.stderr

    def test_are_all_bounded(self) -> None:
        names = ("FLOOR_DAYS", "CEILING_DAYS", "AUDIT_DAYS", "KEEP_DAYS", "GRACE_SECONDS", "DEADLINE_SECONDS")
        rows = [row for row in SETTINGS_TABLE if row.name.endswith(names) and row.name != "WEB_GRACE_SECONDS"]
        assert len(rows) == 10
        assert [row.name for row in rows if " to " not in row.expects] == []
