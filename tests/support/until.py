"""Waiting for a condition, with a deadline."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")


@overload
async def until(
    condition: Callable[[], Awaitable[T]], what: str = ..., seconds: float = ...
) -> T: ...
@overload
async def until(condition: Callable[[], T], what: str = ..., seconds: float = ...) -> T: ...
async def until(
    condition: Callable[[], T | Awaitable[T]], what: str = "the condition", seconds: float = 20
) -> T:
    """The first true value of `condition`; raises `TimeoutError` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come true within {seconds:g} s")
        await asyncio.sleep(0.01)
