"""Logs: one JSON object a line on stdout, or a readable line on a terminal in development."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

from shared.clock import rfc3339
from shared.settings import Environment, Settings
from shared.telemetry.clean import clean

LONGEST_MESSAGE = 2_000
LONGEST_TRACE = 16_000
LONGEST_FIELD = 500
# Names of a line's own members, which fields cannot take.
OWN = ("time", "level", "logger", "message", "exception")

_context: ContextVar[dict[str, str] | None] = ContextVar("log_context", default=None)


@contextmanager
def bound(**ids: str | None) -> Iterator[None]:
    """Every line logged inside carries these ids: request_id, organisation, device, task."""
    known = {name: value for name, value in ids.items() if value is not None}
    token = _context.set({**(_context.get() or {}), **known})
    try:
        yield
    finally:
        _context.reset(token)


def bind(**ids: str) -> None:
    """Add ids to the innermost `bound` block of this task; without one, nothing happens."""
    current = _context.get()
    if current is not None:
        current.update(ids)


class _AddContext(logging.Filter):
    """Puts the ids on the record where it is made: a handler may run elsewhere."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.context = dict(_context.get() or {})
        return True


class JsonFormatter(logging.Formatter):
    """time (RFC 3339), level, logger, message, the bound ids, the line's fields, exception.

    Fields come from `extra={"fields": {…}}`. Text is cleaned: no control characters, bounded.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": rfc3339(round(record.created * 1000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": clean(record.getMessage(), LONGEST_MESSAGE),
        }
        for name, value in _fields(record).items():
            line[name if name not in OWN else f"{name}_"] = _value(value)
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = _trace(self.formatException(record.exc_info))
        return json.dumps(line, default=_unknown, separators=(",", ":"))


class HumanFormatter(logging.Formatter):
    """`16:00:00 INFO    fortress.access  GET /v1/devices 200  request_id=…`."""

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%H:%M:%S", time.localtime(record.created))
        message = clean(record.getMessage(), LONGEST_MESSAGE)
        fields = " ".join(f"{name}={_value(value)}" for name, value in _fields(record).items())
        line = f"{at} {record.levelname:<7} {record.name}  {message}"
        if fields:
            line += f"  {fields}"
        if record.exc_info and record.exc_info[0] is not None:
            line += "\n" + _trace(self.formatException(record.exc_info))
        return line


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Log to `stream` (stdout) from `settings.log_level` up. May be called again."""
    out = stream or sys.stdout
    human = settings.environment is Environment.development and out.isatty()
    handler = logging.StreamHandler(out)
    handler.setFormatter(HumanFormatter() if human else JsonFormatter())
    handler.addFilter(_AddContext())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # Our own access line says the same with ids; these speak of every call they make.
    for name in ("uvicorn.access", "botocore", "boto3", "urllib3", "aiosqlite", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    context: dict[str, Any] = getattr(record, "context", {})
    fields: dict[str, Any] = getattr(record, "fields", {})
    return {**context, **fields}


def _value(value: object) -> object:
    return clean(value, LONGEST_FIELD) if isinstance(value, str | bytes) else value


def _unknown(value: object) -> str:
    return clean(str(value), LONGEST_FIELD)


def _trace(text: str) -> str:
    """A traceback keeps its lines; what a peer sent may be in its last one."""
    kept = text if len(text) <= LONGEST_TRACE else "…" + text[-LONGEST_TRACE:]
    return "\n".join(clean(line, LONGEST_MESSAGE) for line in kept.split("\n"))
