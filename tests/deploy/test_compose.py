"""deploy/compose.yaml and what belongs to it, started by hand: no Docker engine is needed."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg
import pytest

from deploy import check
from tests.deploy.by_hand import SECONDS, ByHand, interpolated, made_env
from tests.installation import ROOT
from tests.media_files import jpeg
from tests.people import BOUNDARY, file_part, multipart, text_part
from tests.processes import free_ports
from tests.servers import PostgreSQL

pytestmark = pytest.mark.once

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_nginx = pytest.mark.skipif(NGINX is None or os.geteuid() != 0, reason="nginx is not here, or this is not root")


class TestWhatTheFilesSay:
    def test_is_right(self) -> None:
        assert list(check.problems()) == []

    @pytest.mark.faults
    @pytest.mark.parametrize(
        ("file", "old", "new", "complaint"),
        [
            ("COMPOSE", "restart: unless-stopped", "restarts: always", "compose.yaml"),
            ("COMPOSE", "redis:7-alpine", "redis", "redis takes whatever image"),
            ("COMPOSE", "${S3_SECRET_KEY:?see the head of compose.yaml}", "secret", "AWS_SECRET_ACCESS_KEY has to"),
            ("DOCKERFILE", "COPY safe_http safe_http\n", "", "does not copy safe_http"),
            ("DOCKERIGNORE", "!problems\n", "", ".dockerignore hides problems"),
        ],
    )
    def test_that_is_wrong_is_named(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str, old: str, new: str, complaint: str
    ) -> None:
        text = getattr(check, file).read_text()
        assert old in text
        # The schema is chosen by name, and the parser by the extension.
        changed = tmp_path / getattr(check, file).name
        changed.write_text(text.replace(old, new))
        monkeypatch.setattr(check, file, changed)
        assert complaint in "\n".join(check.problems())


class TestTheEnvFile:
    def test_decides_where_database_queue_and_store_are(self) -> None:
        said = {
            "DATABASE_URL": "postgres://db.example.com/mediahub",
            "REDIS_URL": "redis://redis.example.com:6379/0",
            "AWS_ENDPOINT_URL": "https://s3.example.com",
            "AWS_ACCESS_KEY_ID": "theirs",
            "AWS_SECRET_ACCESS_KEY": "their secret",
        }
        secrets = dict.fromkeys(("POSTGRES_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY"), "secret")
        for name in ("web", "worker", "beat", "migrate"):
            chosen = interpolated(check.services()[name]["environment"], {**secrets, **said})
            assert {variable: chosen[variable] for variable in said} == said
            shipped = interpolated(check.services()[name]["environment"], secrets)
            assert shipped["DATABASE_URL"] == "postgres://mediahub:secret@db:5432/mediahub"
            assert (shipped["AWS_ACCESS_KEY_ID"], shipped["AWS_SECRET_ACCESS_KEY"]) == ("secret", "secret")

    def test_moves_no_port_that_others_look_for(self) -> None:
        assert {check.services()[name]["environment"]["PORT"] for name in ("web", "worker", "beat")} == {"8000"}


class TestTheNetworks:
    def test_let_the_worker_reach_the_apps_beside_it_and_nobody_the_queue(self) -> None:
        of = {name: set(service["networks"]) for name, service in check.services().items()}
        assert {name for name, networks in of.items() if "front" in networks} == {"nginx", "worker"}
        assert of["worker"] == {"back", "front"}


def write_nginx(place: str, folder: Path, **replaced: str) -> Path:
    """nginx.conf with its files, as they are installed."""
    (folder / "mediahub").mkdir()
    for source in (ROOT / "deploy/nginx.conf", *(ROOT / "deploy/nginx" / place).iterdir()):
        text = source.read_text()
        for old, new in {**replaced, "/run/nginx.pid": str(folder / "pid"), "user nginx": "user root"}.items():
            text = text.replace(old, new)
        (folder / source.name if source.name == "nginx.conf" else folder / "mediahub" / source.name).write_text(text)
    return folder / "nginx.conf"


@needs_nginx
class TestNginx:
    @pytest.mark.parametrize("place", ["host", "compose"])
    def test_takes_its_configuration(self, tmp_path: Path, place: str) -> None:
        certificate = {"/etc/ssl/mediahub": str(tmp_path), "/var/log/nginx": str(tmp_path)}
        make = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=media.example.com -days 2"
        made = f"{make} -keyout {tmp_path}/privkey.pem -out {tmp_path}/fullchain.pem"
        subprocess.run(made.split(), check=True, capture_output=True)
        config = write_nginx(place, tmp_path, **certificate)
        done = subprocess.run([str(NGINX), "-t", "-c", str(config)], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def test_says_in_one_voice_that_mediahub_is_away(self, tmp_path: Path) -> None:
        door, nobody = free_ports(2)
        log = {"/dev/stdout": str(tmp_path / "access.log"), "/dev/stderr": str(tmp_path / "error.log")}
        config = write_nginx(
            "compose", tmp_path, **{"web:8000": f"127.0.0.1:{nobody}", "listen 80 ": f"listen {door} "}, **log
        )
        process = subprocess.Popen([str(NGINX), "-c", str(config), "-g", "daemon off;"])
        try:
            with closing(connected(door)) as connection:
                connection.request("GET", "/v1/me")
                answer = connection.getresponse()
                problem = json.loads(answer.read())
        finally:
            process.terminate()
            process.wait(SECONDS)
        assert answer.status == problem["status"] == 503
        assert (problem["code"], answer.headers["Content-Type"]) == ("unavailable", "application/problem+json")
        assert int(answer.headers["Retry-After"]) > 0


def connected(port: int) -> http.client.HTTPConnection:
    """Once somebody listens."""
    ends_at = time.monotonic() + SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        try:
            connection.connect()
        except ConnectionError:
            assert time.monotonic() < ends_at, "nginx does not answer"
            time.sleep(0.05)
        else:
            return connection


def asked(port: int, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as connection:
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def _remove_sockets(port: object) -> None:
    for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 - its choice
        socket.unlink()


class TestTheComposeFile:
    @needs_nginx
    @pytest.mark.services
    @pytest.mark.faults
    @pytest.mark.timeout(400)
    def test_starts_by_hand_and_carries_a_message_both_ways(self, tmp_path: Path) -> None:
        """Every command, in the order of depends_on, with the environment that the file gives; every healthcheck."""
        variables = made_env(tmp_path)
        stack = ByHand(tmp_path, variables)
        with ExitStack() as started:
            self._start_what_it_stands_on(stack, started, variables["POSTGRES_PASSWORD"])
            stack.run("migrate")
            web, door = free_ports(2)
            stack.replaced |= {"127.0.0.1:8000": f"127.0.0.1:{web}", "http://127.0.0.1/": f"http://127.0.0.1:{door}/"}
            command = ["gunicorn", "--config", "python:mediahub.gunicorn"]
            started.enter_context(stack.running("web", command, PORT=str(web), WEB_GRACE_SECONDS="0"))
            for name in ("worker", "beat"):
                started.enter_context(stack.running(name, stack.services[name]["command"]))
            site = tmp_path / "site"
            site.mkdir()
            log = {"/dev/stdout": str(site / "access.log"), "/dev/stderr": str(site / "error.log")}
            config = write_nginx(
                "compose", site, **{"web:8000": f"127.0.0.1:{web}", "listen 80 ": f"listen {door} "}, **log
            )
            program = [str(NGINX), "-c", str(config), "-g", "daemon off;"]
            started.enter_context(stack.running("nginx", program))
            self._carry(stack, door)
            lines = (site / "access.log").read_text()
            assert "/v1/links/-" in lines
            assert "?path=" not in lines
            # Said with the request's line, an error would hold the token.
            assert "/v1/links/" not in (site / "error.log").read_text()
            assert all(stack.is_healthy(name) for name in ("nginx", "web", "worker", "beat", "redis", "s3"))
        assert not list(stack.image.rglob("*.pyc")), "something was written beside the volume"

    def _start_what_it_stands_on(self, stack: ByHand, started: ExitStack, password: str) -> None:
        folder = stack.folder
        # It runs as nobody, who has to reach it.
        open_to_it = Path(started.enter_context(TemporaryDirectory()))
        open_to_it.chmod(0o711)
        database = PostgreSQL(open_to_it)
        started.callback(database.stop)
        database.start()
        redis, s3, master, master_grpc, volume, volume_grpc, filer, filer_grpc, s3_grpc = free_ports(9)
        for name in ("var", "redis-data", "s3-data"):
            (folder / name).mkdir()
        stack.replaced = {
            "@db:5432": f"@127.0.0.1:{database.port}", "redis://redis:6379": f"redis://127.0.0.1:{redis}",
            "redis-cli": f"redis-cli -p {redis}", "s3:8333": f"127.0.0.1:{s3}", "127.0.0.1:8333": f"127.0.0.1:{s3}",
            "s3:9333": f"127.0.0.1:{master}.{master_grpc}", "s3:8888": f"127.0.0.1:{filer}.{filer_grpc}",
            "-ip=s3": "-ip=127.0.0.1", "0.0.0.0": "127.0.0.1", "-s3.port=8333": f"-s3.port={s3}",
            "-dir=/data": f"-dir={folder / 's3-data'}", "/var/lib/mediahub": str(folder / "var"),
        }  # fmt: skip
        own = [*stack.services["redis"]["command"], "--port", str(redis), "--dir", str(folder / "redis-data")]
        started.enter_context(stack.running("redis", own))
        ports = {
            "master.port": master, "master.port.grpc": master_grpc, "volume.port": volume, "filer.port": filer,
            "volume.port.grpc": volume_grpc, "filer.port.grpc": filer_grpc, "s3.port.grpc": s3_grpc,
            "volume.preStopSeconds": 0, "master.electionTimeout": "500ms", "master.heartbeatInterval": "50ms",
        }  # fmt: skip
        weed = ["weed", *stack.services["s3"]["command"], *(f"-{name}={value}" for name, value in ports.items())]
        # Told to end it would wait for others; and it leaves its sockets.
        for port in (filer, s3, *ports.values()):
            started.callback(_remove_sockets, port)
        started.enter_context(stack.running("s3", weed, end=signal.SIGKILL))
        for _ in range(2):
            # At the second start the bucket is there.
            stack.run("bucket", what="entrypoint")
        database.wait(deadline=1e12)
        url = database.environment()["DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"CREATE ROLE mediahub LOGIN PASSWORD '{password}'")
            server.execute("CREATE DATABASE mediahub OWNER mediahub")

    def _carry(self, stack: ByHand, door: int) -> None:
        app = json.loads(self._manage(stack, "create_app", "Shop", "--json"))["app_id"]
        device = json.loads(self._manage(stack, "create_device", "--app", app, "--name", "phone", "--json"))[
            "device_id"
        ]
        scopes = [word for scope in ("gateway", "media:read", "media:write") for word in ("--scope", scope)]
        key = json.loads(self._manage(stack, "issue_api_key", "--app", app, *scopes, "--json"))["key"]
        form = f"multipart/form-data; boundary={BOUNDARY}"
        host = f"localhost:{door}"
        headers = {"Authorization": f"Bearer {key}", "Host": host}
        body = multipart(text_part("message_id", "in-1"), file_part(jpeg()))
        inbound = f"/v1/devices/{device}/inbound"
        status, answer = asked(door, "POST", inbound, {**headers, "Content-Type": form}, body)
        assert status == 201, answer
        media = json.loads(answer)
        assert asked(door, "GET", f"/media?path={media['media_path']}", headers) == (200, jpeg())
        link = f"/v1/media/{media['id']}/links"
        status, answer = asked(door, "POST", link, {**headers, "Content-Type": "application/json"}, b"{}")
        assert status == 201, answer
        url = urlsplit(json.loads(answer)["url"])
        assert url.netloc == host
        assert asked(door, "GET", url.path, {"Host": host}) == (200, jpeg())
        assert asked(door, "GET", "/readyz", {"Host": "mediahub"})[0] == 200

    def _manage(self, stack: ByHand, *words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(
            command, cwd=stack.image, env=stack.env("web"), check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
