"""The servers that tests/services.py starts: where their programs are, how each is started, when it is ready."""

import json
import os
import pwd
import re
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from tests.processes import die_with_parent, free_ports
from tests.programs import ServerFailed, postgresql_programs, program, reachable_programs

START_SECONDS = 60
LOG_LINES = 25
BUCKET = "mediahub"
OF_THE_SHELL = re.compile(r"AWS_.*|.*_proxy", re.IGNORECASE)
# In a server's folder: what it leaves outside of it.
SOCKETS = "sockets"

Environment = dict[str, str]


class Server:
    """One server process with a folder and a log of its own."""

    name: str
    # How it is told to end at once: its data is thrown away, what it shares with the system is not.
    kill_signal = signal.SIGKILL
    user: pwd.struct_passwd | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder / self.name
        self.folder.mkdir()
        self.log = folder / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """The command line."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether it answers."""
        raise NotImplementedError

    def environment(self) -> Environment:
        """What MediaHub's settings have to say to reach it."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it; `wait` sees it come up."""
        self.process = self._spawn(self.command())

    def wait(self, *, deadline: float) -> None:
        """Return once it answers; raise ServerFailed where it has ended or takes too long."""
        assert self.process is not None
        while not self.is_ready():
            if self.process.poll() is not None:
                self._fail(f"ended with code {self.process.returncode}")
            if time.monotonic() > deadline:
                self._fail(f"did not answer within {START_SECONDS} s")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, and all that it has started."""
        if self.process is None:
            return
        self.process.send_signal(self.kill_signal)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _spawn(self, command: Sequence[str], variables: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C in a terminal reaches the command first, which may still need the server.
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", **(variables or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(self.kill_signal),
                **_as_user(self.user),
            )

    def _fail(self, what: str) -> NoReturn:
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        message = "\n".join([f"{self.name} {what}. The end of its log:", *(f"  {line}" for line in lines)])
        raise ServerFailed(message)


class PostgreSQL(Server):
    """PostgreSQL without syncs: it survives its own death, not the machine's."""

    name = "postgresql"
    # "Immediate": its children end with it and the shared memory is given back.
    kill_signal = signal.SIGQUIT

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_ports(1)[0]
        self.data = self.folder / "data"
        self.password = secrets.token_hex(16)
        self.programs = postgresql_programs()
        if os.geteuid() == 0:
            # It refuses to run as root.
            self.user = pwd.getpwnam("nobody")
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
            self.programs = reachable_programs(self.programs, folder)

    def start(self) -> None:
        """Make the cluster, then start the server on it."""
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(self.password)
        if self.user:
            os.chown(password, self.user.pw_uid, self.user.pw_gid)
        self.process = self._spawn([
            str(self.programs / "initdb"), f"--pgdata={self.data}", "--username=postgres", f"--pwfile={password}",
            "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync",
        ])  # fmt: skip
        if self.process.wait(START_SECONDS):
            self._fail("could not make its cluster")
        super().start()

    def command(self) -> list[str]:
        """Loopback only, no socket in a shared folder, nothing synced, room for many connections."""
        options = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off",
            "full_page_writes": "off", "synchronous_commit": "off", "wal_level": "minimal", "max_wal_senders": 0,
            "max_connections": 300, "shared_buffers": "128MB", "log_lock_waits": "on",
        }  # fmt: skip
        return [str(self.programs / "postgres"), "-D", str(self.data), *_pairs("-c", options)]

    def is_ready(self) -> bool:
        """As pg_ctl sees it: the last line of its pid file."""
        with suppress(OSError):
            return (self.data / "postmaster.pid").read_text().rstrip().endswith("ready")
        return False

    def environment(self) -> Environment:
        """The database that every cluster has."""
        return {"DATABASE_URL": f"postgres://postgres:{self.password}@127.0.0.1:{self.port}/postgres"}


class Redis(Server):
    """Redis that keeps nothing."""

    name = "redis"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_ports(1)[0]
        self.password = secrets.token_hex(16)

    def command(self) -> list[str]:
        """A password in a file of its own: others on this machine can read command lines."""
        settings = self.folder / "redis.conf"
        settings.touch(mode=0o600)
        settings.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\n"
            f'save ""\nappendonly no\ndatabases 256\ndir {json.dumps(str(self.folder))}\n'
        )
        return [program("redis-server"), str(settings)]

    def is_ready(self) -> bool:
        """It answers a PING."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            return b"OK" in connection.recv(64)
        return False

    def environment(self) -> Environment:
        """Its first database."""
        return {"REDIS_URL": f"redis://:{self.password}@127.0.0.1:{self.port}/0"}


class ObjectStore(Server):
    """What the S3 stores have in common."""

    health: str

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.ports = free_ports(8)
        self.access_key = secrets.token_hex(10)
        self.secret_key = secrets.token_hex(20)
        self._open = build_opener(ProxyHandler({})).open

    @property
    def endpoint(self) -> str:
        """Where it speaks S3."""
        return f"http://127.0.0.1:{self.ports[0]}"

    def is_ready(self) -> bool:
        """Its health page says so."""
        with suppress(URLError, OSError), self._open(self.endpoint + self.health, timeout=2) as answer:
            return bool(answer.status == 200)
        return False

    def environment(self) -> Environment:
        """A bucket, and the keys to it."""
        return {
            "MEDIA_BUCKET": BUCKET,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_PATH_STYLE": "true",
        }

    def wait(self, *, deadline: float) -> None:
        """Up, and with its bucket."""
        super().wait(deadline=deadline)
        make_bucket(self.environment())


class SeaweedFS(ObjectStore):
    """A whole SeaweedFS in one process: master, volume, filer and its S3 door."""

    name = "seaweedfs"
    health = "/healthz"

    def command(self) -> list[str]:
        """Telemetry off, elections quick, sockets in its own folder (named relative: their length is bounded)."""
        keys = [{"accessKey": self.access_key, "secretKey": self.secret_key}]
        identities = {"identities": [{"name": "tests", "credentials": keys, "actions": ["Admin"]}]}
        (self.folder / "s3.json").write_text(json.dumps(identities))
        s3, s3_grpc, master, master_grpc, volume, volume_grpc, filer, filer_grpc = self.ports
        grpc = {"s3": s3_grpc, "master": master_grpc, "volume": volume_grpc, "filer": filer_grpc}
        # It has no option for these, and leaves them.
        sockets = [f"/tmp/seaweedfs-{part}-grpc-{port}.sock" for part, port in grpc.items()]  # noqa: S108 - its choice
        (self.folder / SOCKETS).write_text("\n".join(sockets))
        # Each bucket takes seven volumes at its first object, and keeps them: a small number of them, or of bytes in
        # each, is a store that is full in the middle of a run. An empty volume takes no room.
        options = {
            "dir": ".", "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "master.telemetry": "false",
            "master.port": master, "master.port.grpc": master_grpc, "master.volumeSizeLimitMB": 1024,
            "master.electionTimeout": "500ms", "master.heartbeatInterval": "50ms",
            "volume.port": volume, "volume.port.grpc": volume_grpc, "volume.max": 1000, "volume.preStopSeconds": 0,
            "filer": "true", "filer.port": filer, "filer.port.grpc": filer_grpc, "filer.localSocket": "filer.sock",
            "s3": "true", "s3.port": s3, "s3.port.grpc": s3_grpc, "s3.config": "s3.json", "s3.localSocket": "s3.sock",
            "s3.port.iceberg": 0, "s3.port.lance": 0,
        }  # fmt: skip
        flags = (f"-{name}={value}" for name, value in options.items())
        return [program("weed"), "-logtostderr=true", "server", *flags]


class MinIO(ObjectStore):
    """The MinIO that MINIO_BIN names."""

    name = "minio"
    health = "/minio/health/ready"

    def start(self) -> None:
        """Its keys go by the environment."""
        variables = {
            "MINIO_ROOT_USER": self.access_key, "MINIO_ROOT_PASSWORD": self.secret_key, "HOME": str(self.folder),
            "MINIO_UPDATE": "off", "MINIO_BROWSER": "off",
        }  # fmt: skip
        self.process = self._spawn(self.command(), variables)

    def command(self) -> list[str]:
        """One folder, one port."""
        return [os.environ["MINIO_BIN"], "server", "data", "--address", f"127.0.0.1:{self.ports[0]}"]


def forget_the_shells_own() -> None:
    """Let go of what would lead elsewhere: boto3's profiles and tokens, and proxies that know no loopback of ours."""
    for name in [name for name in os.environ if OF_THE_SHELL.fullmatch(name)]:
        del os.environ[name]


def make_bucket(environment: Mapping[str, str]) -> None:
    """Make the bucket that the environment names, where it is not there yet."""
    import boto3  # noqa: PLC0415 - slow to import, and not everything that imports this file needs it
    from botocore.config import Config  # noqa: PLC0415 - as above

    client = boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}),
    )
    with suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=environment["MEDIA_BUCKET"])
    client.close()


def _pairs(flag: str, options: Mapping[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        yield flag
        yield f"{name}={value}"


def _as_user(user: pwd.struct_passwd | None) -> dict[str, Any]:
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
