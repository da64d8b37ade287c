"""File names are shown as they were sent, without what hides or leads elsewhere."""

import unicodedata

import pytest
from hypothesis import given, strategies as st

from media_store.file_names import MAX_CHARACTERS, clean


class TestClean:
    @pytest.mark.parametrize(
        "name",
        [
            "slip.jpg",
            "Rechnung Nr. 7 (März).pdf",
            "付款单.pdf",
            "فاتورة.pdf",
            "👩‍👩‍👧.png",
            ".bashrc",
            "no extension",
            "a..b.c",
            "e\u0301.txt",
            'quote"semi;colon%41.txt',
        ],
    )
    def test_keeps_what_people_write(self, name: str) -> None:
        assert clean(name) == name

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("/etc/passwd", "passwd"),
            ("..\\..\\windows\\system.ini", "system.ini"),
            ("C:\\Users\\a\\photo.jpg", "photo.jpg"),
            ("a/b\\c.txt", "c.txt"),
            ("../slip.jpg", "slip.jpg"),
        ],
    )
    def test_keeps_the_last_part_of_a_path(self, name: str, kept: str) -> None:
        assert clean(name) == kept

    @pytest.mark.parametrize(
        "name", [None, "", " ", ".", "..", "a/", "\\", "../..", "\x00", ".\x00.", "\u202e", " .. "]
    )
    def test_keeps_nothing_where_there_is_no_name(self, name: str | None) -> None:
        assert clean(name) == ""

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("a\x00b.txt", "ab.txt"),
            ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
            ("a\x7f\x85\u2028.txt", "a.txt"),
            ("photo\u202egpj.exe", "photogpj.exe"),
            ("\u2067abc\u2069.txt", "abc.txt"),
            ("\u200fabc\u061c.txt", "abc.txt"),
            ("\ufeffabc.txt", "abc.txt"),
        ],
    )
    def test_removes_what_cannot_be_seen(self, name: str, kept: str) -> None:
        assert clean(name) == kept

    def test_control_characters_hide_no_path(self) -> None:
        assert clean("a\x00/\x00..\x00/b.txt") == "b.txt"

    def test_half_a_surrogate_pair_is_replaced(self) -> None:
        assert clean("a\ud83d.txt") == "a\ufffd.txt"
        assert clean("a\ud83d\ude00.txt") == "a😀.txt"

    def test_cuts_to_the_limit_and_keeps_the_extension(self) -> None:
        assert clean("x" * 255) == "x" * 255
        assert clean("ü" * 252 + ".pdf") == "ü" * 251 + ".pdf"
        assert clean("x" * 300) == "x" * 255
        assert clean("x" * 300 + ".tar.gz") == ("x" * 300)[:252] + ".gz"
        assert clean("a." + "x" * 300) == "a." + "x" * 253
        assert clean("." + "x" * 300) == "." + "x" * 254

    @given(st.text(st.characters(categories=None), max_size=600))
    def test_whatever_comes_can_be_stored_and_shown(self, name: str) -> None:
        kept = clean(name)
        assert len(kept) <= MAX_CHARACTERS
        assert kept.encode().decode() == kept
        assert not {"/", "\\"} & set(kept)
        assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in kept)
        assert clean(kept) == kept
