"""The lines of the log, as they are written in production."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from shared.settings import Settings
from shared.telemetry import logs

Lines = Callable[[], list[dict[str, Any]]]


@contextmanager
def logged() -> Iterator[Lines]:
    """Calling what this gives returns every line so far; the root logger is put back after."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(Settings(log_level="INFO"), stream)
    try:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def of_requests(lines: Lines) -> list[dict[str, Any]]:
    """The line of each request that ended."""
    return [line for line in lines() if line["logger"] == "fortress.access"]
