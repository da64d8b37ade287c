"""The secret key that is made once where none is set."""

import os
import secrets
from pathlib import Path

from mediahub.environment import WrongSetting


def kept_secret(path: Path) -> str:
    """The secret in the file, made now if it is not there; every process that starts at once reads the same."""
    try:
        return _read(path) or _make(path)
    except OSError as error:
        message = f"{path} cannot be used ({error.strerror}): set SECRET_KEY, or MEDIAHUB_VAR to a writable folder."
        raise WrongSetting(message) from error


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""


def _make(path: Path) -> str:
    # Written in full beside its place and then linked: whoever comes second finds a whole secret, never an empty file.
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
            file.flush()
            os.fsync(file.fileno())
        _link(beside, path)
    finally:
        beside.unlink()
    return _read(path)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        if not _read(target):
            source.replace(target)
            source.touch(mode=0o600)
