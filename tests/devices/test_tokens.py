"""What a token looks like."""

import hashlib
import math
import re

from hypothesis import given, strategies as st

from devices import keys


class TestToken:
    def test_has_the_prefix_and_only_letters_and_digits(self) -> None:
        assert re.fullmatch(r"mhk_[0-9A-Za-z]{36}", keys.new_token())

    def test_holds_178_random_bits_or_more(self) -> None:
        assert keys.BODY_CHARACTERS * math.log2(62) >= 178

    def test_never_comes_twice(self) -> None:
        assert len({keys.new_token() for _ in range(1000)}) == 1000

    def test_is_kept_as_its_sha256(self) -> None:
        token = keys.new_token()
        assert keys.digest(token) == hashlib.sha256(token.encode()).hexdigest()


class TestCheckCharacters:
    def test_accept_what_was_issued(self) -> None:
        assert all(keys.is_wellformed(keys.new_token()) for _ in range(100))

    def test_are_the_crc32_in_base62(self) -> None:
        # crc32 of thirty zeros is 0x77E5DB82.
        assert keys.is_wellformed("mhk_" + "0" * 30 + "2C8GjS")
        assert not keys.is_wellformed("mhk_" + "0" * 30 + "2C8GjT")

    @given(position=st.integers(4, 39), character=st.sampled_from("09AZaz"))
    def test_refuse_any_single_typo(self, position: int, character: str) -> None:
        token = keys.new_token()
        typo = token[:position] + character + token[position + 1 :]
        assert keys.is_wellformed(typo) == (typo == token)

    @given(text=st.text(max_size=60))
    def test_refuse_whatever_else_is_sent(self, text: str) -> None:
        assert not keys.is_wellformed(text)
        assert not keys.is_wellformed(f"mhk_{text}")

    def test_refuse_a_token_with_something_around_it(self) -> None:
        token = keys.new_token()
        assert not any(keys.is_wellformed(text) for text in (f" {token}", f"{token}\n", f"{token}0", token[:-1]))
