"""Request bodies read as JSON (RFC 8259) and nothing more."""

import json
import math
from collections.abc import Iterator
from typing import Any

from fastapi import Request

# Below what makes the parser or a later walk over the value run out of stack.
DEEPEST = 100
# Digits. Python itself stops at 4300.
LONGEST_INTEGER = 4_000


class StrictRequest(Request):
    """A request whose `json` refuses what Python's parser would let through."""

    async def json(self) -> Any:
        """The body's value. Raises `json.JSONDecodeError`, which becomes a 400."""
        return parse(await self.body())


def parse(body: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises `json.JSONDecodeError` also for NaN and Infinity, numbers out of a double's range,
    nesting deeper than `DEEPEST`, lone surrogates, and control characters in text (tab and line
    ends may be there, escaped).
    """
    try:
        text = body.decode()
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
    except UnicodeDecodeError as error:
        raise json.JSONDecodeError("not UTF-8", "", error.start) from None
    except RecursionError:
        raise json.JSONDecodeError("nested too deep", "", 0) from None
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        raise json.JSONDecodeError(str(error), "", 0) from None
    _check_depth(value)
    # Only an escape can bring in what is looked for here.
    if "\\u" in text or "\\b" in text or "\\f" in text:
        _check_texts(value)
    return value


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _whole(digits: str) -> int:
    # Beyond this Python's message would speak of Python.
    if len(digits) > LONGEST_INTEGER:
        raise ValueError("a number is too large")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _children(outer)]
        if not level:
            return
    raise json.JSONDecodeError("nested too deep", "", 0)


def _check_texts(value: Any) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if not all(_storable(char) for char in item):
                raise json.JSONDecodeError("a control character or half a character", "", 0)
        else:
            waiting += _children(item)
            waiting += item if isinstance(item, dict) else []


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _storable(char: str) -> bool:
    return char in "\t\n\r" or not (char < " " or char == "\x7f" or "\ud800" <= char <= "\udfff")
