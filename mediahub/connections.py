"""From the addresses in the environment to what Django, django-storages and Celery want to be told."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

import environ
from botocore.config import Config

from mediahub.environment import WrongSetting
from safe_http import Policy, Proxy, parse_origin, parse_proxy

DATABASE_SCHEMES = ("postgres", "postgresql", "sqlite")
REDIS_SCHEMES = ("redis", "rediss", "unix")
DATABASE_EXAMPLE = "postgres://user:p%40ss@host:5432/name"
REDIS_EXAMPLE = "redis://:p%40ss@127.0.0.1:6379/0"
# A connection made for each request cost eight times the requests that a kept one answers.
KEEP_CONNECTION_SECONDS = 600
CONNECT_SECONDS = 5
# A store that has not sent a byte for this long does not answer.
STORE_READ_SECONDS = 30
# More than the threads of one web process.
STORE_CONNECTIONS = 64
HINT_SECONDS = 1

SQLITE_OPTIONS = {
    # WAL alone fails under concurrent writers; IMMEDIATE and a timeout make them take turns.
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    # FULL: after a power cut the last commits are still there, as are the files they speak of.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}


def database(url: str, *, var: Path, base: Path) -> dict[str, Any]:
    """Django's DATABASES entry; SQLite below `var` where no URL is given."""
    url = url or f"sqlite:///{var / 'mediahub.sqlite3'}"
    if _split("DATABASE_URL", url, example=DATABASE_EXAMPLE).scheme not in DATABASE_SCHEMES:
        message = f"DATABASE_URL must begin with postgres:// or sqlite:///, as in {DATABASE_EXAMPLE}."
        raise WrongSetting(message)
    config = _read(url)
    if not config["NAME"]:
        message = f"DATABASE_URL must name a database, as in {DATABASE_EXAMPLE}."
        raise WrongSetting(message)
    config["CONN_MAX_AGE"] = KEEP_CONNECTION_SECONDS
    return _sqlite(config, base) if config["ENGINE"].endswith("sqlite3") else _postgresql(config)


def _read(url: str) -> dict[str, Any]:
    try:
        return dict(environ.Env.db_url_config(url))
    except ValueError:
        raise _unreadable("DATABASE_URL", DATABASE_EXAMPLE) from None


def _split(name: str, url: str, *, example: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        # Looked at only when it is asked for; sqlite://:memory: has none.
        _ = parts.scheme == "sqlite" or parts.port
    except ValueError:
        raise _unreadable(name, example) from None
    return parts


def _unreadable(name: str, example: str) -> WrongSetting:
    """Not in the library's words, which may quote the password."""
    return WrongSetting(f"{name} cannot be read: percent-encode special characters, as in {example}.")


def _sqlite(config: dict[str, Any], base: Path) -> dict[str, Any]:
    name = config["NAME"]
    config["NAME"] = name if name == ":memory:" else base / name
    config["OPTIONS"] = {**SQLITE_OPTIONS, **config.get("OPTIONS", {})}
    return config


def _postgresql(config: dict[str, Any]) -> dict[str, Any]:
    # Asked once a request, so that a restarted server costs no client a 500.
    config["CONN_HEALTH_CHECKS"] = True
    config["OPTIONS"] = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "mediahub",
        "keepalives_idle": 30,
        "tcp_user_timeout": 30_000,
        **config.get("OPTIONS", {}),
    }
    return config


def outbound_policy(name: str, origins: Iterable[str]) -> Policy:
    """What may be reached beside public HTTPS: these origins, and nothing beside them on their hosts."""
    try:
        return Policy(allow=frozenset(parse_origin(origin) for origin in origins))
    except ValueError as error:
        message = f"{name}: {error}"
        raise WrongSetting(message) from error


def egress_proxy(url: str) -> Proxy | None:
    """The proxy that was named; the environment's own variables are never looked at."""
    try:
        return parse_proxy(url) if url else None
    except ValueError as error:
        message = f"EGRESS_PROXY: {error}"
        raise WrongSetting(message) from error


def own_address(name: str, url: str) -> str:
    """The address that this service is called by, without a slash at its end; empty where none is given."""
    if not url:
        return ""
    parts = _split(name, url, example="https://media.example.com")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        message = f"{name} must be an address such as https://media.example.com; it is {url!r}."
        raise WrongSetting(message)
    return url.rstrip("/")


def authority(host: str, port: int) -> str:
    """`host:port` as it stands in a URL (RFC 3986, section 3.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def require_redis(url: str) -> None:
    """Refuse what is no address of a Redis."""
    if url and _split("REDIS_URL", url, example=REDIS_EXAMPLE).scheme not in REDIS_SCHEMES:
        message = f"REDIS_URL must begin with redis://, rediss:// or unix://, as in {REDIS_EXAMPLE}."
        raise WrongSetting(message)


def broker(redis_url: str, *, var: Path, task_limit_seconds: int) -> tuple[str, str | None, dict[str, Any]]:
    """Celery's broker URL, transport and its options; files below `var` where there is no Redis."""
    if not redis_url:
        return "filesystem://localhost", "mediahub.broker:Transport", _file_broker(var / "broker")
    return (
        _for_kombu(redis_url),
        None,
        {
            # A task is given to somebody else after this long: later than any task may still be running.
            "visibility_timeout": 2 * task_limit_seconds,
            "socket_timeout": HINT_SECONDS,
            "socket_connect_timeout": HINT_SECONDS,
            "socket_keepalive": True,
            # Somebody's request waits while a hint is sent: a Redis that refuses is not asked again for it.
            "max_retries": 0,
        },
    )


def _for_kombu(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    number = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={number}"


def _file_broker(folder: Path) -> dict[str, Any]:
    return {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.1,
    }


def media_store(  # noqa: PLR0913 - what a store is reached by, each by its name
    *, folder: Path, bucket: str, endpoint: str, region: str, access_key: str, secret_key: str, path_style: bool
) -> dict[str, Any]:
    """Django's STORAGES entry for media: files in `folder` where there is no bucket."""
    if not bucket:
        return {"BACKEND": "media_store.storage.files.FileStore", "OPTIONS": {"location": folder}}
    options = {
        "bucket_name": bucket,
        "endpoint_url": endpoint or None,
        "region_name": region,
        "access_key": access_key,
        "secret_key": secret_key,
        "file_overwrite": False,
        "client_config": _client(path_style=path_style),
    }
    return {"BACKEND": "media_store.storage.s3.S3Store", "OPTIONS": options}


def _client(*, path_style: bool) -> Config:
    # Checksums only where the operation demands one: the trailers boto3 adds by itself are not understood everywhere.
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if path_style else "auto"},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=STORE_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=STORE_CONNECTIONS,
        tcp_keepalive=True,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
