"""The settings as a page of the documentation and as an example file, both made from what the readers registered."""

from collections.abc import Iterable
from itertools import groupby

from mediahub.environment import Row

HEAD = """\
# Settings

Environment variables, or lines `NAME=value` in a file `.env` beside manage.py; the environment wins. An empty one
counts as not set. Nothing needs to be set to begin with. A wrong one stops every process at start with a sentence
that names it. `MEDIAHUB_ENV_FILE` names another file than `.env`.

This page is made by `manage.py settings_table --write`.
"""
EXAMPLE_HEAD = """\
# Copy this file to .env and take the # from what you want to change. docs/settings.md is the same as a page.
"""


def markdown(rows: Iterable[Row]) -> str:
    """One table per section."""
    sections = [_section(title, list(part)) for title, part in groupby(rows, key=lambda row: row.section)]
    return "\n".join([HEAD, *sections])


def _section(title: str, rows: list[Row]) -> str:
    lines = [f"## {title}", "", "| Name | Value | Default | What it does |", "| --- | --- | --- | --- |"]
    return "\n".join([*lines, *(_line(row) for row in rows), ""])


def _line(row: Row) -> str:
    example = f" Example: `{row.example}`" if row.example else ""
    return f"| `{row.name}` | {row.expects} | {row.default or 'none'} | {row.purpose}{example} |"


def dotenv(rows: Iterable[Row]) -> str:
    """Every setting, commented out, with its purpose above it."""
    sections = [_example_section(title, list(part)) for title, part in groupby(rows, key=lambda row: row.section)]
    return "\n".join([EXAMPLE_HEAD, *sections])


def _example_section(title: str, rows: list[Row]) -> str:
    return "\n".join([f"## {title}", *(_example(row) for row in rows), ""])


def _example(row: Row) -> str:
    return f"# {row.purpose} Default: {row.default or 'none'}.\n# {row.name}={row.example}"
