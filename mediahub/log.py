"""Log lines: JSON or text on standard error, each with its request id and none with a secret.

Redaction is the last step and sees the finished line, so that no message, exception or traceback escapes it.
"""

import logging
import logging.config
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Any

import structlog
from structlog.typing import Processor

# Each is a pattern and what remains of it.
_SECRETS = (
    # API keys, percent-encoded ones too
    (re.compile(r"mhk(?:_|%5f)[0-9a-z]+", re.IGNORECASE), "mhk_…"),
    (re.compile(r"\b(bearer|basic)\s+[^\s\"',\\]+", re.IGNORECASE), r"\1 …"),
    # passwords in the addresses of databases and brokers
    (re.compile(r"(://[^\s:/?#@]*):[^\s@/]+@"), r"\1:…@"),
    # links to media: whoever has one may download it
    (re.compile(r"(/v1/links/)[^\s\"'<>?\\]+"), r"\1…"),
    # and their tokens, wherever they stand (see media_store/links.py)
    (re.compile(r"(?<![\w-])A[Q-Za-f][\w-]{70}(?![\w-])", re.ASCII), "…"),
    # query strings: they carry media paths, signatures and whatever a client puts there
    (re.compile(r"(?<=[^\s?])\?[^\s\"'<>\\]+"), "?…"),
)

# Lines that say at every tick or request what the access line or the task itself says where it matters.
_QUIET = {
    "django.security.DisallowedHost": "CRITICAL",
    "celery.app.trace": "WARNING",
    "celery.beat": "WARNING",
    "celery.utils.functional": "INFO",
    "celery.worker.strategy": "WARNING",
    "kombu": "WARNING",
    "boto3": "WARNING",
    "botocore": "WARNING",
    "s3transfer": "WARNING",
    "urllib3": "WARNING",
}

_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.StackInfoRenderer(),
)


def redacted(line: str) -> str:
    """The line without keys, credentials, passwords and query strings."""
    for pattern, remains in _SECRETS:
        line = pattern.sub(remains, line)
    return line


def configure(choices: Mapping[str, str]) -> None:
    """Django's LOGGING_CONFIG: `choices` has `format` (json or console) and `level`."""
    finish = [*_rendering(choices["format"]), _redact]
    level = choices["level"].upper()
    structlog.configure(
        processors=[*_SHARED, *finish],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=Sink,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(_standard_library(level, finish))
    logging.captureWarnings(capture=True)


def _rendering(form: str) -> list[Processor]:
    if form == "console":
        # Tracebacks as Python writes them: structlog's own would show the values of variables, tokens among them.
        plain = structlog.dev.plain_traceback
        return [
            structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, timestamp_key="at", exception_formatter=plain)
        ]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]


def _redact(_logger: object, _method: str, line: str | MutableMapping[str, Any]) -> str:
    return redacted(str(line))


def _standard_library(level: str, finish: list[Processor]) -> dict[str, Any]:
    """Lines of Django, gunicorn and Celery take the same way as ours."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _SHARED,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "filters": {"faults": {"()": FaultsOnly}},
        "handlers": {"sink": {"()": SinkHandler, "formatter": "line"}},
        "root": {"handlers": ["sink"], "level": level},
        # Django's own configuration, which came before, gave it a handler for itself.
        "loggers": {
            "django": {"handlers": [], "propagate": True},
            "django.request": {"filters": ["faults"]},
            **{name: {"level": quiet} for name, quiet in _QUIET.items()},
        },
    }


class FaultsOnly(logging.Filter):
    """Lets tracebacks through, and not the line for each 404 or 503 that the access line is already."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record has a traceback."""
        return bool(record.exc_info)


class Sink:
    """Where finished lines go. A log that nobody reads any more is no reason to fail a request."""

    def __init__(self, name: str = "mediahub") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        """Write one line; standard error is looked up each time, because tests exchange it."""
        with suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = exception = msg


class SinkHandler(logging.Handler):
    """The same place for lines of the standard library's loggers."""

    def emit(self, record: logging.LogRecord) -> None:
        """Format and write; a record that cannot be formatted is told as Python does."""
        try:
            Sink().msg(self.format(record))
        except Exception:  # noqa: BLE001 - the contract of logging.Handler.emit
            self.handleError(record)
