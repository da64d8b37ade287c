"""The answers that matter do not hang on which libmagic there is, nor on there being one."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from media_store.mime_types import normalise
from tests import media_files
from tests.media_store.sniffed import LIBRARIES, sniffed, sniffed_folder
from tests.media_store.test_sniffing import MADE

WITHOUT_LIBRARY = """
import ctypes, ctypes.util
ctypes.util.find_library = lambda name: None
load = ctypes.CDLL.__init__
def refuse(self, name, *rest, **options):
    if name == "libmagic.so.1":
        raise OSError(name)
    load(self, name, *rest, **options)
ctypes.CDLL.__init__ = refuse
import sys
from tests.media_store.sniffed import sniffed
print("pylibmagic" in sys.modules, sniffed(b"GIF89a" + bytes(20)))
"""

OPENINGS = [
    b"",
    b"ID3\x03\x00\x00\x00\x00\x00\x05",
    b"\xff\xfb\x90\x00",
    b"\xff\xf1\x50\x80",
    b"OggS\x00\x02" + bytes(20) + b"\x02",
    b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00",
    b"\x00\x00\x00\x18moov\x00\x00\x00\x10trak\x00\x00\x00\x08mdia",
    b"PK\x03\x04" + bytes(26) + b"mimetype",
    b"PK\x05\x06" + bytes(8),
    b"RIFF\x10\x00\x00\x00WEBPVP8X",
    b"APETAGEX" + bytes(4) + b"\x08",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"%PDF-",
    b"\n\x01%PDF-1",
    b"<?xml ",
]


class TestLibraries:
    @pytest.mark.parametrize("library", LIBRARIES)
    def test_tell_what_was_made_alike(self, library: str, tmp_path: Path) -> None:
        for number, (make, _) in enumerate(MADE):
            (tmp_path / str(number)).write_bytes(make())
        found = sniffed_folder(tmp_path, library=library)
        assert [found[str(number)][0] for number in range(len(MADE))] == [mime_type for _, mime_type in MADE]

    @pytest.mark.parametrize("library", LIBRARIES)
    def test_answer_soon_whatever_they_are_asked(self, library: str, tmp_path: Path) -> None:
        for number, pattern in enumerate(
            (b"\n", b" ", b"%", b"a,b\n", b'{"a":', b"[", b"<", b"From: a\n", b"\\begin{")
        ):
            (tmp_path / str(number)).write_bytes(pattern * 100_000)
        assert max(seconds for _, seconds in sniffed_folder(tmp_path, library=library).values()) < 1

    def test_that_are_missing_are_replaced_by_the_one_in_the_package(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_LIBRARY], check=True, capture_output=True, text=True, timeout=50
        )
        assert done.stdout == "True image/gif\n"


class TestAnyBytes:
    @given(st.sampled_from(OPENINGS), st.binary(max_size=400))
    def test_have_a_type(self, opening: bytes, rest: bytes) -> None:
        found = sniffed(opening + rest)
        assert normalise(found)
        assert found.isascii()

    @given(st.sampled_from([make for make, _ in MADE]), st.data())
    def test_of_a_spoilt_file_have_a_type(self, make: Callable[[], bytes], data: st.DataObject) -> None:
        content = bytearray(make())
        for _ in range(data.draw(st.integers(1, 6))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        assert normalise(sniffed(bytes(content[: data.draw(st.integers(1, len(content)))])))

    def test_are_told_by_many_threads_at_once(self) -> None:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(sniffed, [media_files.gif(), media_files.plain_text()] * 200))
        assert found == ["image/gif", "text/plain"] * 200
