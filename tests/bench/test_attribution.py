"""Which part of the work a sample belongs to."""

import pytest

from tests.bench.attribution import LOOP, PARTS, Frame, part_of, shares, short

RECEIVED: Frame = ("apps/ingest/connection.py", "data_received")
RUN: Frame = ("apps/ingest/pipeline.py", "_run")


@pytest.mark.parametrize(
    ("stack", "part"),
    [
        ([LOOP], "receive"),
        ([RECEIVED], "receive"),
        ([("shared/readings/parse.py", "parse"), RECEIVED], "decode"),
        ([("msgspec/_utils.py", "x"), ("shared/readings/parse.py", "parse"), RECEIVED], "decode"),
        ([("shared/readings/check.py", "check"), RECEIVED], "validate"),
        ([("shared/readings/plan.py", "plan"), RUN], "build"),
        ([("aiomysql/connection.py", "query"), ("shared/db/bulk.py", "execute"), RUN], "wait"),
        ([("enum.py", "x"), ("shared/db/bulk.py", "execute"), RUN], "wait"),
        ([("json/encoder.py", "encode"), ("shared/telemetry/emf.py", "write")], "other"),
        ([], "other"),
    ],
)
def test_the_innermost_file_that_is_known_decides(stack: list[Frame], part: str) -> None:
    assert part_of(stack) == part


def test_what_an_acknowledgement_calls_belongs_to_it() -> None:
    committed: Frame = ("apps/ingest/connection.py", "committed")

    assert part_of([("apps/ingest/connection.py", "_pace"), committed, RUN]) == "ack"


def test_live_frames_are_apart_from_the_rows() -> None:
    frames: Frame = ("shared/readings/plan.py", "frames")

    assert part_of([("shared/readings/plan.py", "each"), frames, RUN]) == "tell"


def test_shares_add_up_to_all_samples() -> None:
    found = shares([([LOOP], 3), ([RECEIVED], 1), ([("x.py", "y")], 4)])

    assert found["receive"] == 0.5
    assert found["other"] == 0.5
    assert set(found) == set(PARTS)
    assert sum(found.values()) == 1.0


def test_without_samples_there_are_no_shares() -> None:
    assert sum(shares([]).values()) == 0.0


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/here/apps/ingest/main.py", "apps/ingest/main.py"),
        ("/here/.venv/lib/python3.11/site-packages/aiomysql/x.py", "aiomysql/x.py"),
        ("/usr/lib/python3/site-packages/redis/y.py", "redis/y.py"),
        ("/usr/lib/python3.11/asyncio/z.py", "/usr/lib/python3.11/asyncio/z.py"),
    ],
)
def test_paths_are_told_apart_from_where_they_lie(path: str, expected: str) -> None:
    assert short(path, "/here") == expected
