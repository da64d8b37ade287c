"""System checks: what is wrong with the settings together, or with the folders they name."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.checks import ERROR, CheckMessage, Error, Info as Information, Warning as Caution, register, run_checks

from mediahub import folders
from mediahub.environment import WrongSetting

SECRET_KEY_CHARACTERS = 50
LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "testserver", ".localhost"}
NAME_IN_FILE = re.compile(r"^(?:export )?([A-Za-z_0-9]+)=", re.MULTILINE)


def insist() -> None:
    """Set Django up and raise `WrongSetting` with every error of the system checks; what `manage.py` does by itself."""
    django.setup()
    errors = [message for message in run_checks() if message.level >= ERROR and not message.is_silenced()]
    if errors:
        raise WrongSetting(" ".join(_sentence(error) for error in errors))


def _sentence(message: CheckMessage) -> str:
    return f"{message.msg} {message.hint} ({message.id})" if message.hint else f"{message.msg} ({message.id})"


@register
def check_object_store(**_kwargs: Any) -> list[CheckMessage]:
    """A bucket needs keys, an endpoint needs a bucket."""
    return [*_bucket_without_keys(), *_endpoint_without_bucket(), *_endpoint_not_http()]


def _bucket_without_keys() -> Iterator[CheckMessage]:
    keys = {name: getattr(settings, name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    missing = [name for name, value in keys.items() if not value]
    if settings.MEDIA_BUCKET and missing:
        yield Error(
            f"MEDIA_BUCKET is set without {' and '.join(missing)}.",
            hint="Set both keys, or take MEDIA_BUCKET out to keep media as files.",
            id="mediahub.E001",
        )


def _endpoint_without_bucket() -> Iterator[CheckMessage]:
    if settings.AWS_ENDPOINT_URL and not settings.MEDIA_BUCKET:
        yield Error(
            "AWS_ENDPOINT_URL is set without MEDIA_BUCKET.",
            hint="Set MEDIA_BUCKET to the bucket's name, or take AWS_ENDPOINT_URL out to keep media as files.",
            id="mediahub.E002",
        )


def _endpoint_not_http() -> Iterator[CheckMessage]:
    if settings.AWS_ENDPOINT_URL and not _is_http(settings.AWS_ENDPOINT_URL):
        yield Error(
            "AWS_ENDPOINT_URL is no address of a store.",
            hint="Set it as in https://s3.example.com or http://127.0.0.1:9000.",
            id="mediahub.E003",
        )


def _is_http(address: str) -> bool:
    try:
        url = urlsplit(address)
        # Looked at only when it is asked for.
        _ = url.port
    except ValueError:
        return False
    return url.scheme in ("http", "https") and bool(url.hostname)


@register
def check_folders(**_kwargs: Any) -> list[CheckMessage]:
    """Every folder that is written to can be."""
    return [_unusable(name, folder, why) for name, folder in folders.written() if (why := folders.unusable(folder))]


def _unusable(name: str, folder: Path, why: str) -> CheckMessage:
    hint = f"Set {name} to a folder that this user may write, or change its owner."
    return Error(f"{folder} cannot be used: {why}.", hint=hint, id="mediahub.E004")


@register
def check_secret_key(**_kwargs: Any) -> list[CheckMessage]:
    """A short secret can be guessed."""
    if len(settings.SECRET_KEY) >= SECRET_KEY_CHARACTERS:
        return []
    hint = f"Set at least {SECRET_KEY_CHARACTERS} random characters, or take it out and one is made."
    return [Error("SECRET_KEY is too short.", hint=hint, id="mediahub.E005")]


@register
def check_retention(**_kwargs: Any) -> list[CheckMessage]:
    """What must be kept cannot be longer than what may be."""
    if settings.RETENTION_FLOOR_DAYS <= settings.RETENTION_CEILING_DAYS:
        return []
    hint = "Set RETENTION_FLOOR_DAYS to at most RETENTION_CEILING_DAYS."
    return [Error("RETENTION_FLOOR_DAYS is over RETENTION_CEILING_DAYS.", hint=hint, id="mediahub.E006")]


@register
def check_deadlines(**_kwargs: Any) -> list[CheckMessage]:
    """A fetch has to end by its own deadline, before its worker begins anew for it."""
    if settings.FETCH_DEADLINE_SECONDS < settings.TASK_LIMIT_SECONDS:
        return []
    hint = "Set TASK_LIMIT_SECONDS to more than FETCH_DEADLINE_SECONDS, and some minutes for storing what was fetched."
    return [Error("TASK_LIMIT_SECONDS is not over FETCH_DEADLINE_SECONDS.", hint=hint, id="mediahub.E007")]


@register
def check_leases(**_kwargs: Any) -> list[CheckMessage]:
    """A gateway may fetch what it has claimed for as long as it has it."""
    if settings.CONTENT_URL_SECONDS >= settings.OUTBOX_LEASE_SECONDS:
        return []
    hint = "Set CONTENT_URL_SECONDS to at least OUTBOX_LEASE_SECONDS: a gateway that is slow finds its URL dead."
    return [Caution("CONTENT_URL_SECONDS is under OUTBOX_LEASE_SECONDS.", hint=hint, id="mediahub.W003")]


@register
def check_allowed_origins(**_kwargs: Any) -> list[CheckMessage]:
    """Said at every check, so that nobody forgets what is exempt from the rules of outbound requests."""
    return [
        Information(
            f"{name} exempts {', '.join(origins)} from the rules about scheme, port, names and addresses.",
            hint="Whoever may have them requested can reach any path there; take out what is no longer needed.",
            id=f"mediahub.I00{number}",
        )
        for number, (name, origins) in enumerate(
            (("FETCH_ALLOW", settings.FETCH_ALLOW), ("WEBHOOK_ALLOW", settings.WEBHOOK_ALLOW)), start=1
        )
        if origins
    ]


@register
def check_debug(**_kwargs: Any) -> list[CheckMessage]:
    """DEBUG shows settings and source to whoever makes an error."""
    strangers = sorted(set(settings.ALLOWED_HOSTS) - LOCAL_HOSTS)
    if not settings.DEBUG or not strangers:
        return []
    hint = "Set DEBUG=false, or leave ALLOWED_HOSTS at its default."
    return [Caution(f"DEBUG is on for {', '.join(strangers)}.", hint=hint, id="mediahub.W001")]


@register
def check_env_file(**_kwargs: Any) -> list[CheckMessage]:
    """A name that nothing reads is most likely a misspelt one."""
    unknown = sorted(_names_in(settings.ENV_FILE) - _known(settings.SETTINGS_TABLE))
    if not unknown:
        return []
    hint = "Mend the spelling, or take it out; docs/settings.md lists all names."
    return [Caution(f"The .env file sets {', '.join(unknown)}, which nothing reads.", hint=hint, id="mediahub.W002")]


def _names_in(file: Path) -> set[str]:
    return set(NAME_IN_FILE.findall(file.read_text())) if file.is_file() else set()


def _known(rows: Iterable[Any]) -> set[str]:
    return {row.name for row in rows} | {"MEDIAHUB_ENV_FILE", "DJANGO_SETTINGS_MODULE"}
