import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.api.imports import rules
from apps.api.imports.rules import UnreadableError, read_csv, read_json


def values(data: bytes) -> list[tuple[int, dict[str, Any]]]:
    return [(row.line, row.values) for row in read_csv(data).rows]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [b",", b";", b"\t"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_what_spreadsheets_write_is_read(mark: bytes, delimiter: bytes, end: bytes) -> None:
    lines = [[b"Name", b"UID ", b"tags"], [b"Pump 7", b"pump-7", b"a| b |"], [b"", b"pump-8", b""]]
    data = mark + end.join(delimiter.join(line) for line in lines) + end
    assert values(data) == [
        (2, {"uid": "pump-7", "name": "Pump 7", "tags": ["a", "b"]}),
        (3, {"uid": "pump-8"}),
    ]


def test_columns_that_are_missing_at_the_end_of_a_line_are_empty() -> None:
    assert values(b"uid,name,tags\npump-7\n") == [(2, {"uid": "pump-7"})]


def test_lines_count_as_an_editor_counts_them() -> None:
    data = b'uid,name\n\na,"two\nlines"\n,\nb,\n'
    assert values(data) == [(3, {"uid": "a", "name": "two\nlines"}), (6, {"uid": "b"})]


def test_a_row_with_too_many_values_is_a_problem_of_that_row() -> None:
    rows = read_csv(b"uid\na,b\nc\n").rows
    assert [(row.line, row.problem) for row in rows] == [
        (2, "2 values under 1 columns"),
        (3, None),
    ]


def test_columns_that_mean_nothing_are_told() -> None:
    assert read_csv(b"uid,colour\na,red\n").ignored == ["colour"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"name,tags\nx,y\n", "the column uid is missing"),
        (b"uid,uid\n", "stands there twice"),
        (b"uid\npump\npump\xe4\n", "line 3 is not UTF-8"),
        ("uid\npump\n".encode("utf-16"), "UTF-16"),
        (b'uid\n"' + b"x" * 200_000 + b'"\n', "field larger than field limit"),
        (b"uid\n" + b"x\n" * 10_001, "at most 10000 rows"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read_csv(data)


@pytest.mark.parametrize("data", [b"", b"{}", b"[", b"null", b"\xff", b"[" * 100_000])
def test_json_that_is_no_list_says_so(data: bytes) -> None:
    with pytest.raises(UnreadableError, match=r"not JSON|not a list"):
        read_json(data)


def test_a_json_item_that_is_no_object_is_a_problem_of_that_item() -> None:
    rows = read_json(json.dumps([{"uid": "a"}, 5]).encode()).rows
    assert [(row.line, row.problem) for row in rows] == [(1, None), (2, "not an object")]


def test_a_json_list_is_bounded() -> None:
    with pytest.raises(UnreadableError, match="at most 10000 rows"):
        read_json(json.dumps([{}] * (rules.MOST_ROWS + 1)).encode())


@given(st.binary(max_size=300) | st.text('uid,;\t\n\r"ab ', max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (read_csv, read_json):
        try:
            sheet = read(data)
        except UnreadableError:
            continue
        assert all(row.line > 0 for row in sheet.rows)
