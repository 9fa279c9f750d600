import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from shared.settings import Settings
from shared.telemetry import logs

log = logging.getLogger("fortress.test")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """What is logged, configured as in production; the root logger is put back after."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(Settings(log_level="INFO"), stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def fail(text: str) -> None:
    raise ValueError(text)


def test_a_line_says_when_how_bad_where_and_what(out: io.StringIO) -> None:
    log.warning("%d devices", 3)
    (line,) = lines(out)
    assert line["level"] == "warning"
    assert line["logger"] == "fortress.test"
    assert line["message"] == "3 devices"
    assert line["time"].endswith("Z")
    assert set(line) == {"time", "level", "logger", "message"}


def test_what_is_below_the_level_is_left_out(out: io.StringIO) -> None:
    log.debug("no")
    assert out.getvalue() == ""


def test_bound_ids_are_on_every_line_inside(out: io.StringIO) -> None:
    with logs.bound(request_id="req_1", organisation=None):
        log.info("inside")
        with logs.bound(device="dev_1"):
            log.info("deeper")
    log.info("outside")
    assert [line.get("request_id") for line in lines(out)] == ["req_1", "req_1", None]
    assert [line.get("device") for line in lines(out)] == [None, "dev_1", None]
    assert "organisation" not in out.getvalue()


def test_an_id_learnt_later_is_on_the_lines_that_follow(out: io.StringIO) -> None:
    with logs.bound(request_id="req_1"):
        log.info("before")
        logs.bind(organisation="org_1")
        log.info("after")
    logs.bind(organisation="org_2")
    log.info("outside")
    assert [line.get("organisation") for line in lines(out)] == [None, "org_1", None]


async def test_tasks_do_not_see_each_others_ids(out: io.StringIO) -> None:
    async def work(name: str) -> None:
        with logs.bound(device=name):
            await asyncio.sleep(0)
            log.info(name)

    await asyncio.gather(work("dev_1"), work("dev_2"))
    assert all(line["device"] == line["message"] for line in lines(out))


def test_fields_are_members_and_never_hide_the_lines_own(out: io.StringIO) -> None:
    log.info("x", extra={"fields": {"ms": 1.5, "message": "other", "at": object}})
    (line,) = lines(out)
    assert line["ms"] == 1.5
    assert line["message"] == "x"
    assert line["message_"] == "other"
    assert "class" in line["at"]


def test_peer_text_cannot_break_a_line_or_a_terminal(out: io.StringIO) -> None:
    log.info("a\nb\x1b[31m\u2028%s", "\x00", extra={"fields": {"path": "x\r\ny\ud800"}})
    (line,) = lines(out)
    assert line["message"] == "a\\nb\\x1b[31m\\u2028\\x00"
    assert line["path"] == "x\\r\\ny\\ud800"


def test_a_long_message_is_cut(out: io.StringIO) -> None:
    log.info("x" * 100_000, extra={"fields": {"text": "y" * 100_000}})
    assert len(out.getvalue()) < 5_000


def test_an_exception_has_its_traceback(out: io.StringIO) -> None:
    try:
        fail("bad \x1b[0m")
    except ValueError:
        log.exception("failed")
    (line,) = lines(out)
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: bad \\x1b[0m")


def test_on_a_terminal_in_development_it_is_readable() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = Terminal()
    logs.configure(Settings(), stream)
    try:
        fail("why")
    except ValueError:
        log.exception("hello", extra={"fields": {"ms": 1}})
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("ERROR   fortress.test  hello  ms=1")
    assert rest[-1] == "ValueError: why"


def test_on_a_terminal_in_production_it_is_json() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = Terminal()
    logs.configure(
        Settings.model_validate({"environment": "production", "secret": "x" * 40}), stream
    )
    log.info("hello")
    root.handlers[:] = handlers
    root.setLevel(level)
    assert json.loads(stream.getvalue())["message"] == "hello"


def test_the_web_servers_own_lines_go_the_same_way(out: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    assert lines(out)[0]["logger"] == "uvicorn.error"
