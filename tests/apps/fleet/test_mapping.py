import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apps.fleet.csv_source import CsvSource
from apps.fleet.errors import MappingUnusable
from apps.fleet.guess import guess
from apps.fleet.mapping import ColumnMapping, load_mapping
from apps.fleet.values import convert

SESSION = {
    "sessionId": "4228788",
    "kwhTotal": "6.76",
    "dollars": "0.58",
    "Date": "20-11-2014",
    "Time": "12:05:46",
    "chargeTimeHrs": "4.671666667",
    "userId": "35897499",
    "stationId": "129465",
    "locationId": "461655",
    "facilityType": "3",
}


def one(**more: Any) -> ColumnMapping:
    plain: dict[str, Any] = {"fields": {"n": "n"}, "time": ("t",), "device": "d"}
    return ColumnMapping(**{**plain, **more})


def test_a_charging_session_becomes_an_event_with_exact_amounts() -> None:
    message = load_mapping("charging").message(SESSION)
    assert message.device == "station-129465"
    assert message.event == "session.completed"
    assert message.t == 1_416_503_146_000  # 12:05:46 in New York in winter is 17:05:46 UTC
    assert message.body == {
        "member": "35897499",
        "kwh": "6.76",
        "minor": 58,
        "currency": "USD",
        "session": "4228788",
        "location": "461655",
        "facility": 3,
        "started": "2014-11-20T17:05:46.000Z",
        "ended": "2014-11-20T21:46:04.000Z",
        "hours": "4.671666667",
    }


def test_a_year_without_its_century_is_the_same_moment() -> None:
    mapping = load_mapping("charging")
    assert mapping.message({**SESSION, "Date": "20-11-0014"}) == mapping.message(SESSION)


def test_an_office_row_becomes_a_reading() -> None:
    row = {
        "date": "2015-02-04 17:51:00",
        "Temperature": "23.18",
        "Humidity": "27.272",
        "Light": "426",
        "CO2": "721.25",
        "HumidityRatio": "0.00479298817650529",
        "Occupancy": "1",
    }
    message = load_mapping("office").message(row)
    assert (message.device, message.event) == ("office-room", "")
    assert message.t == 1_423_068_660_000  # 16:51 UTC
    assert message.body["humidity_ratio"] == 0.00479298817650529
    assert len(message.body) == 6


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "426", 426),
        ("number", "-0.5", -0.5),
        ("number", "1e3", 1000.0),
        ("integer", "9007199254740991", 2**53 - 1),
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("decimal", "7.780", "7.780"),
        ("cents", "0.58", 58),
        ("cents", "19.9", 1990),
        ("cents", "0", 0),
        ("text", "ünï", "ünï"),
    ],
)
def test_cells_are_converted_exactly(kind: str, text: str, value: object) -> None:
    converted = convert(kind, text, 0)
    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("number", "inf"),
        ("number", "12,5"),
        ("number", "9007199254740992"),
        ("integer", "1.5"),
        ("boolean", "maybe"),
        ("decimal", "NaN"),
        ("cents", "0.585"),
        ("cents", "free"),
        ("end", "soon"),
    ],
)
def test_a_cell_that_does_not_fit_says_what_it_is_not(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        convert(kind, text, 0)


@pytest.mark.parametrize("cents", range(0, 1000, 77))
def test_every_amount_is_exact_in_cents(cents: int) -> None:
    assert convert("cents", str(Decimal(cents) / 100), 0) == cents


@pytest.mark.parametrize("missing", ["", " ", "NA", "NaN", "null"])
def test_a_missing_value_is_left_out(missing: str) -> None:
    mapping = one(fields={"n": "n", "m": "m"}, format="ms")
    assert mapping.message({"t": "5", "n": "1", "m": missing}).body == {"n": 1}
    with pytest.raises(ValueError, match="every value is missing"):
        mapping.message({"t": "5", "n": missing, "m": missing})


@pytest.mark.parametrize(
    ("form", "zone", "text", "expected"),
    [
        ("iso", "UTC", "2025-11-21T16:00:00", 1_763_740_800_000),
        ("iso", "Europe/Brussels", "2025-11-21 17:00:00", 1_763_740_800_000),
        ("iso", "Europe/Brussels", "2025-11-21T16:00:00Z", 1_763_740_800_000),
        ("s", "UTC", "1763740800.5", 1_763_740_800_500),
        ("ms", "UTC", "1763740800123", 1_763_740_800_123),
        ("%d.%m.%Y %H:%M", "Asia/Kolkata", "21.11.2025 21:30", 1_763_740_800_000),
        # 2:30 comes twice on 2 November 2025 in New York: the first is in summer time.
        ("%Y-%m-%d %H:%M", "America/New_York", "2025-11-02 01:30", 1_762_061_400_000),
    ],
)
def test_times_are_read_in_their_zone(form: str, zone: str, text: str, expected: int) -> None:
    assert one(format=form, zone=zone).message({"t": text, "n": "1"}).t == expected


@pytest.mark.parametrize("text", ["", "yesterday", "1969-12-31T00:00:00", "99999999999999999999"])
def test_a_time_that_is_none_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|before"):
        one().message({"t": text, "n": "1"})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fields": {}}, "no fields"),
        ({"time": ()}, "no time column"),
        ({"device": ""}, "either one device"),
        ({"device_column": "id"}, "either one device"),
        ({"format": "yyyy"}, "no time format"),
        ({"zone": "Mars/Olympus"}, "no time zone"),
        ({"fields": {"n": "n:float"}}, "float is none of"),
    ],
)
def test_a_mapping_that_does_not_fit_says_why(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(MappingUnusable, match=said):
        one(**wrong)


def test_a_mapping_may_be_written_in_place() -> None:
    mapping = load_mapping("temp=Temperature:number,state=State:text", time=("at",), device="d")
    assert mapping.columns == ["at", "Temperature", "State"]
    row = {"at": "2025-11-21T16:00:00Z", "Temperature": "1", "State": "on"}
    assert mapping.message(row).body == {"temp": 1, "state": "on"}


@pytest.mark.parametrize("name", ["map.json", "map.toml"])
def test_a_mapping_may_be_a_file(tmp_path: Path, name: str) -> None:
    texts = {
        "map.json": json.dumps({"fields": {"n": "N"}, "time": "t", "device_column": "id"}),
        "map.toml": 'time = ["t"]\ndevice_column = "id"\n[fields]\nn = "N"\n',
    }
    path = tmp_path / name
    path.write_text(texts[name])
    assert load_mapping(str(path), device_prefix="x-").columns == ["t", "N", "id"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("nowhere.toml", "neither"), ("a=b,c", "name=Column"), ("a=b", "no time column")],
)
def test_a_mapping_that_cannot_be_found_says_what_there_is(text: str, said: str) -> None:
    with pytest.raises(MappingUnusable, match=said):
        load_mapping(text, device="d")


@pytest.mark.parametrize("text", ["{", '{"colour": 1}', "[]", '{"fields": {"n": 1}, "time": "t"}'])
def test_a_mapping_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "map.json"
    path.write_text(text)
    with pytest.raises(MappingUnusable):
        load_mapping(str(path), device="d")


def test_without_a_mapping_columns_are_metrics(tmp_path: Path) -> None:
    path = tmp_path / "room 7.csv"
    path.write_text("Time;Temp (°C);door;State\n2025-11-21T16:00:00Z;21.5;true;idle\n")
    source = CsvSource(path)
    mapping = guess(source)
    [(_, row)] = source.rows()
    message = mapping.message(row)
    assert message.device == "room-7"
    assert message.body == {"temp_c": 21.5, "door": True, "state": "idle"}


def test_without_a_mapping_a_device_column_is_used(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("device,t,n\np-1,5,2\n")
    source = CsvSource(path)
    [(_, row)] = source.rows()
    assert guess(source).message(row).device == "p-1"
    assert guess(source, device="other").device == "other"


def test_without_a_time_nothing_can_be_guessed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(MappingUnusable, match="--time"):
        guess(CsvSource(path))
