import json

import pytest

from infra.plan.scale import curves
from infra.plan.scale.curves import Curve
from shared.errors import Invalid


def csv(*rows: str) -> Curve:
    text = "\n".join(["time,arrivals,over_s,hold_s", *rows])
    return curves.parse(text.encode(), name="load", is_json=False, app="ingest")


def test_the_rows_of_a_file_are_seconds_from_its_first_time() -> None:
    curve = csv("03:00,10,,", "03:01,20.5,5,300")

    assert (curve.step_s, curve.seconds) == (60, 120)
    assert [(r.second, r.arrivals, r.over_s, r.hold_s) for r in curve.rows] == [
        (0, 10, 60, None),
        (60, 20.5, 5, 300),
    ]


@pytest.mark.parametrize(
    "times",
    [("0", "60"), ("03:00:00", "03:01:00"), ("2026-12-31T03:00:00+01:00", "2026-12-31T02:01:00Z")],
)
def test_times_are_written_as_people_like(times: tuple[str, str]) -> None:
    assert csv(*(f"{time},1,," for time in times)).step_s == 60


def test_a_gap_is_named_by_the_times_around_it() -> None:
    with pytest.raises(Invalid, match=r"gap between 03:01:00 and 03:03:00.*60 s apart.*row with 0"):
        csv("03:00,1,,", "03:01,1,,", "03:03,1,,", "03:04,1,,")


def test_a_gap_after_the_first_row_is_named_too() -> None:
    with pytest.raises(Invalid, match="gap between 03:00:00 and 03:05:00"):
        csv("03:00,1,,", "03:05,1,,", "03:06,1,,", "03:07,1,,")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("03:01,1,,", "03:00,1,,"), "03:00:00 comes after 03:01:00: the times of a curve rise"),
        (("03:00,1,,", "03:00,1,,"), "03:00:00 comes after 03:00:00"),
        (("03:00,-1,,", "03:01,1,,"), r"row 1 \(03:00\): arrivals are 0 or more, not -1"),
        (("03:00,,,", "03:01,1,,"), r"row 1 \(03:00\): arrivals are 0 or more, not missing"),
        (("03:00,many,,", "03:01,1,,"), "arrivals is 'many', no number"),
        (("03:00,nan,,", "03:01,1,,"), "arrivals is 'nan', no number"),
        (("03:00,1,61,", "03:01,1,,"), "over_s is from 1 to 60, not 61"),
        (("03:00,1,,0", "03:01,1,,"), "hold_s is 1 or more, not 0"),
        (("three,1,,", "03:01,1,,"), "row 1: 'three' is no time"),
        (("24:00,1,,", "24:01,1,,"), "row 1: '24:00' is no time"),
        (("03:00,1,,",), "two rows at least"),
        (("0,1,,", "700000,1,,"), "2 days at most"),
        (("0,2000000,,", "60,1,,"), "2,000,001 devices are more than 200,000"),
    ],
)
def test_a_file_that_is_no_load_says_why(rows: tuple[str, ...], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        csv(*rows)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"when,many\n1,2\n", "names the columns"),
        (b"", "names the columns"),
        (b"\xff\xfe", "codec can't decode"),
    ],
)
def test_bytes_that_are_no_table_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        curves.parse(data, name="load", is_json=False, app="ingest")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("[]", "Expected `object`"),
        ('{"rows":[{"time":0,"arrivals":1}],"devices":5}', "unknown field `devices`"),
        ('{"rows":[{"time":0,"arrivals":NaN}]}', "NaN is no number"),
        ("{", "Expecting property name"),
    ],
)
def test_a_document_that_is_no_curve_is_refused(document: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        curves.parse(document.encode(), name="load", is_json=True, app="ingest")


def test_whose_load_it_is_has_to_be_said() -> None:
    with pytest.raises(Invalid, match="give --app"):
        curves.parse(b"time,arrivals\n0,1\n60,1\n", name="load", is_json=False)


def test_a_name_that_is_no_file_lists_the_curves_that_there_are() -> None:
    with pytest.raises(Invalid, match="devices-at-3am, month-end-reporting"):
        curves.load("devices-at-4am")


@pytest.mark.parametrize(
    ("name", "app"), [("devices-at-3am", "ingest"), ("month-end-reporting", "reporting")]
)
def test_the_curves_that_come_with_it_can_be_read(name: str, app: str) -> None:
    assert curves.load(name).app == app


def test_five_thousand_devices_come_at_three() -> None:
    curve = curves.load("devices-at-3am")

    assert [
        (r.arrivals, curve.begin.hour * 3600 + r.second + 1800) for r in curve.rows if r.arrivals
    ] == [(5000, 3 * 3600)]


def test_a_document_says_what_a_table_cannot() -> None:
    rows = [{"time": 0, "arrivals": 1}, {"time": 60, "arrivals": 1}]
    document = {"app": "ingest", "title": "Two", "connected": 7, "message_s": 10, "rows": rows}

    curve = curves.parse(json.dumps(document).encode(), name="two", is_json=True)

    assert (curve.app, curve.title, curve.connected, curve.message_s) == ("ingest", "Two", 7, 10)


def test_requests_neither_hold_nor_are_there_before() -> None:
    with pytest.raises(Invalid, match="hold_s are of devices, and api has requests"):
        curves.parse(
            b"time,arrivals,hold_s\n0,1,60\n60,1,\n", name="load", is_json=False, app="api"
        )
