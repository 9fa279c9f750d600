from pathlib import Path

import pytest

from apps.fleet.csv_source import CsvSource
from apps.fleet.errors import FileUnusable


def source_of(tmp_path: Path, data: bytes) -> CsvSource:
    path = tmp_path / "file.csv"
    path.write_bytes(data)
    return CsvSource(path)


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n1,x\n",
        b"\xef\xbb\xbfa,b\r\n1,x\r\n",
        b"a;b\n1;x\n",
        b"a\tb\n1\tx\n",
        b'"a","b"\n"1","x"\n',
        b" a , b \n1,x",
        b'\xef\xbb\xbf"a";"b"\n1;x\n',
    ],
)
def test_spellings_of_the_same_file_are_the_same(tmp_path: Path, data: bytes) -> None:
    source = source_of(tmp_path, data)
    assert list(source.rows()) == [(2, {"a": "1", "b": "x"})]
    assert source.bad == []


def test_a_header_may_lack_the_name_of_its_first_column(tmp_path: Path) -> None:
    source = source_of(tmp_path, b'"a","b"\n"1",5,6\n"2",7,8\n')
    assert [row for _, row in source.rows()] == [
        {"row": "1", "a": "5", "b": "6"},
        {"row": "2", "a": "7", "b": "8"},
    ]


def test_a_quoted_delimiter_in_the_header_does_not_count(tmp_path: Path) -> None:
    source = source_of(tmp_path, b'"a;b;c",d\n1,2\n')
    assert source.header == ["a;b;c", "d"]


def test_bad_rows_are_named_by_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    source = source_of(tmp_path, b'a,b\n1,x\n2\n\n"3\n3",y\n4,\xff\n5,z,9\n6,w\n')
    assert [(line, row["a"]) for line, row in source.rows()] == [(2, "1"), (6, "3\n3"), (9, "6")]
    assert source.bad == [
        (3, "it has 1 cells, the header 2"),
        (7, "it is not UTF-8"),
        (8, "it has 3 cells, the header 2"),
    ]


def test_a_cell_beyond_all_bounds_is_a_bad_row(tmp_path: Path) -> None:
    source = source_of(tmp_path, b"a,b\n1,x\n2," + b"y" * 200_000 + b"\n3,z\n")
    assert [line for line, _ in source.rows()] == [2, 4]
    assert [line for line, _ in source.bad] == [3]


def test_missing_columns_are_named(tmp_path: Path) -> None:
    source = source_of(tmp_path, b"a,b\n1,x\n")
    with pytest.raises(FileUnusable, match="no column Temp, CO2; it has a, b"):
        source.require(["a", "Temp", "CO2"])


def test_a_column_that_is_there_twice_cannot_be_used(tmp_path: Path) -> None:
    source = source_of(tmp_path, b"a,b,a\n1,x,2\n")
    source.require(["b"])
    with pytest.raises(FileUnusable, match="twice"):
        source.require(["a"])


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf"])
def test_a_file_without_a_header_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(FileUnusable, match="no header"):
        source_of(tmp_path, data)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnusable, match=r"absent\.csv"):
        CsvSource(tmp_path / "absent.csv")


def test_the_boot_belongs_to_mapping_file_and_device(tmp_path: Path) -> None:
    boot = source_of(tmp_path, b"a,b\n1,x\n").boot("m", "d")
    assert 0 < boot < 2**32
    # Grown and written another way it is the same file.
    assert source_of(tmp_path, b'"a";"b"\r\n1;x\r\n2;y\r\n').boot("m", "d") == boot
    assert source_of(tmp_path, b"a,b\n2,x\n").boot("m", "d") != boot
    assert source_of(tmp_path, b"a,b\n1,x\n").boot("m", "e") != boot
    assert source_of(tmp_path, b"a,b\n1,x\n").boot("n", "d") != boot
