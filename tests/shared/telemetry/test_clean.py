from hypothesis import given
from hypothesis import strategies as st

from shared.telemetry.clean import clean


@given(st.one_of(st.text(), st.binary()))
def test_the_result_is_printable_and_bounded(text: str | bytes) -> None:
    shown = clean(text, 50)
    assert shown.isprintable()
    assert len(shown) <= 50


@given(st.text(st.characters(categories=["L", "N"]), max_size=50))
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert clean(text, 50) == text


def test_what_is_cut_off_is_seen() -> None:
    assert clean("abcdef", 4) == "abc…"


def test_bytes_that_are_not_utf_8_are_shown_as_escapes() -> None:
    assert clean(b"a\xff\n") == "a\\xff\\n"
