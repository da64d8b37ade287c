"""The readers of environment variables."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mediahub.environment import Environment, WrongSetting

Readers = dict[str, Callable[[], object]]


def read(name: str, **variables: str) -> object:
    env = Environment(variables)
    readers: Readers = {
        "FLAG": lambda: env.flag("FLAG", "A flag."),
        "NUMBER": lambda: env.number("NUMBER", "A number.", default=7, minimum=1, maximum=9),
        "WORD": lambda: env.choice("WORD", "A word.", default="info", choices=("info", "error")),
        "WORDS": lambda: env.words("WORDS", "Words.", default=("a",)),
        "PAIRS": lambda: env.mapping("PAIRS", "Pairs."),
        "OBJECT": lambda: env.json_object("OBJECT", "An object."),
        "FOLDER": lambda: env.folder("FOLDER", "A folder.", default=Path("var"), shown="var", base=Path("/base")),
        "TEXT": lambda: env.text("TEXT", "Text.", default="there"),
    }
    return readers[name]()


class TestReaders:
    @pytest.mark.parametrize(
        ("name", "default"),
        [
            ("FLAG", False),
            ("NUMBER", 7),
            ("WORD", "info"),
            ("WORDS", ["a"]),
            ("PAIRS", {}),
            ("OBJECT", {}),
            ("FOLDER", Path("/base/var")),
            ("TEXT", "there"),
        ],
    )
    def test_an_empty_variable_counts_as_not_set(self, name: str, default: object) -> None:
        assert read(name) == read(name, **{name: " "}) == default

    @pytest.mark.parametrize(
        ("name", "raw", "value"),
        [
            ("FLAG", "Yes", True),
            ("FLAG", "off", False),
            ("NUMBER", " 9 ", 9),
            ("WORD", "ERROR", "error"),
            ("WORDS", "b, c,,", ["b", "c"]),
            ("PAIRS", "a=1, b=x=y", {"a": "1", "b": "x=y"}),
            ("OBJECT", '{"a": 1}', {"a": 1}),
            ("FOLDER", "elsewhere", Path("/base/elsewhere")),
            ("FOLDER", "/srv/media", Path("/srv/media")),
        ],
    )
    def test_values_are_read_as_what_they_are(self, name: str, raw: str, value: object) -> None:
        assert read(name, **{name: raw}) == value

    @pytest.mark.parametrize(
        ("name", "raw", "expected"),
        [
            ("FLAG", "ture", "true or false"),
            ("NUMBER", "ten", "a whole number from 1 to 9"),
            ("NUMBER", "0", "a whole number from 1 to 9"),
            ("NUMBER", "10", "a whole number from 1 to 9"),
            ("NUMBER", "1.5", "a whole number from 1 to 9"),
            ("WORD", "loud", "one of info, error"),
            ("PAIRS", "a", "pairs name=value separated by commas"),
            ("OBJECT", "{", "a JSON object"),
            ("OBJECT", "[]", "a JSON object"),
        ],
    )
    def test_a_wrong_value_is_told_with_its_name_and_what_is_expected(self, name: str, raw: str, expected: str) -> None:
        with pytest.raises(WrongSetting) as refusal:
            read(name, **{name: raw})
        assert str(refusal.value) == f"{name} must be {expected}; it is {raw!r}."

    def test_every_reader_leaves_a_row_for_the_documentation(self) -> None:
        env = Environment({})
        env.section("Numbers")
        env.number("NUMBER", "A number.", default=7, minimum=1)
        [row] = env.rows
        assert (row.section, row.name, row.expects, row.default) == ("Numbers", "NUMBER", "a whole number from 1", "7")
