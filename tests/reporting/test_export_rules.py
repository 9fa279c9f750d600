import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.reporting.exports.rules import (
    FEWEST_ROWS,
    FIRST_ROWS,
    MOST_ROWS,
    event_lines,
    header,
    next_rows,
    reading_lines,
    text_cell,
)

T0 = 1_763_740_800_123


def test_the_header_names_the_key_and_the_metrics() -> None:
    assert header(["door", "temp"]) == b"device,time,t,boot,s,door,temp\r\n"


def test_numbers_are_written_as_they_are_stored() -> None:
    stored = '{"a": 21.50, "b":1e-7,"c":-0,"d":12345678901234567890.10,"e": -3.0}'
    line = reading_lines("dev_1", ["a", "b", "c", "d", "e"], [f"{T0} 1 2 " + stored])
    assert line == (
        b"dev_1,2025-11-21T16:00:00.123Z,1763740800123,1,2,"
        b"21.50,1e-7,-0,12345678901234567890.10,-3.0\r\n"
    )


def test_a_metric_that_a_reading_lacks_is_an_empty_cell() -> None:
    line = reading_lines("d", ["a", "b", "c"], [f"{T0} 1 2 " + '{"b":true,"c":null}'])
    assert line.endswith(b",1,2,,true,\r\n")


@pytest.mark.parametrize("text", ["=1+1", "+49", "-x", "@a", "\ta", "\ra", "-1-1", "--1", "=", "-"])
def test_text_that_could_be_a_formula_is_guarded(text: str) -> None:
    assert text_cell(text).lstrip('"').startswith(f"'{text}")


@pytest.mark.parametrize("text", [*map(chr, range(32)), "\x7f"])
def test_text_that_begins_with_a_control_character_is_guarded(text: str) -> None:
    assert text_cell(f"{text}idle").lstrip('"').startswith(f"'{text}idle")


@pytest.mark.parametrize("sign", "=+-@")
@pytest.mark.parametrize(
    "before", [" ", "  ", "\xa0", "\u2003", "\u3000", "\x85", "\x00 ", " \n\x01"]
)
def test_a_formula_behind_what_is_not_seen_is_guarded(before: str, sign: str) -> None:
    text = f"{before}{sign}1"
    assert text_cell(text).lstrip('"').startswith(f"'{text}")
    for ascii_only in (True, False):
        stored = json.dumps({"a": text}, ensure_ascii=ascii_only)
        line = reading_lines("d", ["a"], [f"{T0} 1 2 {stored}"]).decode()
        (row,) = csv.reader(io.StringIO(line, newline=""), strict=True)
        assert row[5] == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "idle", "a=1", "-0.5", "-12", "'=1", " 1", " ", "é=1", "\xa0a", "1-1"]
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert text_cell(text) == text


@given(st.dictionaries(st.sampled_from("abc"), st.text(max_size=20)))
def test_any_text_comes_back_through_a_csv_reader(values: dict[str, str]) -> None:
    line = reading_lines("d", ["a", "b", "c"], [f"{T0} 1 2 " + json.dumps(values)]).decode()
    (row,) = csv.reader(io.StringIO(line, newline=""), strict=True)
    assert [cell.removeprefix("'") for cell in row[5:]] == [
        values.get(name, "").removeprefix("'") for name in "abc"
    ]


def test_an_event_without_chosen_fields_has_its_data_as_json() -> None:
    line = event_lines("d", None, [f"{T0} 1 2 done " + '{"kwh": "1.50","n":[1,"a"]}']).decode()
    (row,) = csv.reader(io.StringIO(line, newline=""), strict=True)
    assert row[5:] == ["done", '{"kwh": "1.50","n":[1,"a"]}']


def test_chosen_fields_of_an_event_are_columns() -> None:
    stored = '{"kwh": "1.50","n":[1,"a"],"m":"=A1"}'
    line = event_lines("d", ["m", "kwh", "n", "x"], [f"{T0} 1 2 done " + stored]).decode()
    (row,) = csv.reader(io.StringIO(line, newline=""), strict=True)
    assert row[5:] == ["done", "'=A1", "1.50", '[1,"a"]', ""]


def test_chunks_of_small_rows_grow_to_their_bound() -> None:
    rows = FIRST_ROWS
    for _ in range(10):
        rows = next_rows(rows, rows, rows * 60)
    assert rows == MOST_ROWS


def test_chunks_of_large_rows_shrink() -> None:
    assert next_rows(FIRST_ROWS, FIRST_ROWS, FIRST_ROWS * 80_000) == FEWEST_ROWS
