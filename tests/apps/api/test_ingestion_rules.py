from hypothesis import given
from hypothesis import strategies as st

from apps.api.ingestion.rules import Lines


def cut(blocks: list[bytes], longest: int = 10) -> list[bytes | None]:
    lines = Lines(longest)
    found = [line for block in blocks for line in lines.feed(block)]
    return [*found, *lines.end()]


def test_lines_end_with_either_end_and_the_last_may_have_none() -> None:
    assert cut([b"a\r\nb\n\nc"]) == [b"a", b"b", b"", b"c"]


def test_a_line_that_is_too_long_is_one_line_and_the_next_goes_on() -> None:
    assert cut([b"x" * 8, b"x" * 8, b"x" * 8, b"x\nab\n"]) == [None, b"ab"]


def test_a_last_line_that_is_too_long_is_told() -> None:
    assert cut([b"ab\n", b"x" * 11]) == [b"ab", None]


def test_a_line_of_the_longest_length_passes() -> None:
    assert cut([b"x" * 10 + b"\n"]) == [b"x" * 10]


@given(st.lists(st.text("ab\n\r", max_size=15)), st.integers(1, 6))
def test_the_cut_of_the_blocks_does_not_matter(parts: list[str], size: int) -> None:
    whole = "".join(parts).encode()
    blocks = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert cut(blocks) == cut([whole])
