"""Settings from the environment: typed readers that also keep the documented table of what they read.

Every reader registers a row, so docs/settings.md and .env.example are rendered from the very calls that read
(`manage.py settings_table`). An empty variable counts as one that is not set.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured

YES = ("true", "yes", "on", "1")
NO = ("false", "no", "off", "0")

T = TypeVar("T")


class WrongSetting(ImproperlyConfigured):
    """A setting that cannot be meant; its message is one sentence that says what to set."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One setting of the documented table."""

    section: str
    name: str
    expects: str
    default: str
    purpose: str
    example: str


class Environment:
    """Typed readers over environment variables."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._section = ""
        self.rows: list[Row] = []

    def section(self, title: str) -> None:
        """The rows that follow stand under this title."""
        self._section = title

    def text(self, name: str, purpose: str, *, default: str = "", shown: str = "", example: str = "") -> str:
        """Any text. `shown` stands in the table where the default differs between machines."""
        self._register(name, "text", shown or default, purpose, example)
        return self._variables.get(name, "").strip() or default

    def secret(self, name: str, purpose: str, *, shown: str = "") -> str:
        """Text that is taken as it stands, white space included."""
        self._register(name, "text", shown, purpose, "")
        return self._variables.get(name, "")

    def choice(self, name: str, purpose: str, *, default: str, choices: tuple[str, ...]) -> str:
        """One of a few words, in any case."""
        expects = "one of " + ", ".join(choices)
        self._register(name, expects, default, purpose, "")
        return self._read(name, expects, default, lambda raw: choices[choices.index(raw.lower())])

    def flag(self, name: str, purpose: str, *, default: bool = False, shown: str = "") -> bool:
        """True or false; a misspelt word is refused, not taken for false."""
        self._register(name, "true or false", shown or str(default).lower(), purpose, "")
        return self._read(name, "true or false", default, _flag)

    def number(  # noqa: PLR0913 - what a number is, each by its name
        self, name: str, purpose: str, *, default: int, minimum: int, maximum: int | None = None, shown: str = ""
    ) -> int:
        """A whole number within bounds."""
        expects = f"a whole number from {minimum}" + (f" to {maximum}" if maximum is not None else "")
        self._register(name, expects, shown or str(default), purpose, "")
        return self._read(name, expects, default, lambda raw: _number(raw, minimum, maximum))

    def words(self, name: str, purpose: str, *, default: tuple[str, ...] = (), example: str = "") -> list[str]:
        """A list, separated by commas."""
        self._register(name, "a list separated by commas", ",".join(default), purpose, example)
        return self._read(name, "a list", list(default), _words)

    def mapping(self, name: str, purpose: str, *, example: str = "") -> dict[str, str]:
        """Pairs `name=value`, separated by commas."""
        expects = "pairs name=value separated by commas"
        self._register(name, expects, "", purpose, example)
        return self._read(name, expects, {}, lambda raw: dict(_pair(word) for word in _words(raw)))

    def json_object(self, name: str, purpose: str, *, example: str = "") -> dict[str, object]:
        """A JSON object."""
        self._register(name, "a JSON object", "{}", purpose, example)
        return self._read(name, "a JSON object", {}, _json_object)

    def folder(self, name: str, purpose: str, *, default: Path, shown: str, base: Path) -> Path:
        """A folder; a relative one is below `base`, wherever the process was started."""
        self._register(name, "a path", shown, purpose, "")
        return base / (self._variables.get(name, "").strip() or default)

    def refuse(self, name: str, expects: str, *, found: str = "") -> NoReturn:
        """Fail with the sentence every wrong setting gets."""
        message = f"{name} must be {expects}"
        raise WrongSetting(f"{message}; it is {found!r}." if found else f"{message}.")

    def _read(self, name: str, expects: str, default: T, parse: Callable[[str], T]) -> T:
        raw = self._variables.get(name, "").strip()
        if not raw:
            return default
        try:
            return parse(raw)
        except ValueError:
            self.refuse(name, expects, found=raw)

    def _register(self, name: str, expects: str, default: str, purpose: str, example: str) -> None:
        row = Row(section=self._section, name=name, expects=expects, default=default, purpose=purpose, example=example)
        self.rows.append(row)


def load_file(path: Path) -> None:
    """Put what the file says into the environment where the environment does not say it already."""
    environ.Env.read_env(str(path))


def _flag(raw: str) -> bool:
    if raw.lower() not in YES + NO:
        raise ValueError(raw)
    return raw.lower() in YES


def _number(raw: str, minimum: int, maximum: int | None) -> int:
    value = int(raw)
    if value < minimum or (maximum is not None and value > maximum):
        raise ValueError(raw)
    return value


def _words(raw: str) -> list[str]:
    return [word.strip() for word in raw.split(",") if word.strip()]


def _pair(word: str) -> tuple[str, str]:
    name, separator, value = word.partition("=")
    if not separator:
        raise ValueError(word)
    return name.strip(), value.strip()


def _json_object(raw: str) -> dict[str, object]:
    value = json.loads(raw)
    if not isinstance(value, dict):
        raise ValueError(raw)  # noqa: TRY004 - a wrong value, as all the others
    return value
