"""Long commands: stopped by Ctrl-C, with progress meanwhile."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

T = TypeVar("T")

INTERRUPTED = 130


class InterruptedTwiceError(Exception):
    """The second Ctrl-C: nothing is waited for any more."""


async def stoppable(work: Coroutine[Any, Any, T], stop: asyncio.Event) -> T:
    """Do `work`. The first SIGINT or SIGTERM sets `stop`, the second ends it at once.

    Raises `InterruptedTwiceError` then.
    """
    task = asyncio.ensure_future(work)

    def on_signal() -> None:
        if stop.is_set():
            task.cancel()
        stop.set()

    # Windows and threads have no such handlers; there Ctrl-C ends it at once.
    with suppress(NotImplementedError, RuntimeError):
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, on_signal)
    try:
        return await task
    except asyncio.CancelledError:
        raise InterruptedTwiceError from None


class Bar:
    """A line of progress on a terminal."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total, said="")

    def show(self, done: int, said: str) -> None:
        self._progress.update(self._task, completed=done, said=said)


@contextmanager
def bar(total: int, *, shown: bool) -> Iterator[Bar]:
    """Progress on stderr up to `total`, where there is a terminal and it is wanted."""
    console = Console(stderr=True)
    columns = (BarColumn(), TextColumn("{task.fields[said]}"), TimeElapsedColumn())
    hidden = not (shown and console.is_terminal)
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        yield Bar(progress, total)
