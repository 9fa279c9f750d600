"""Which steps from line to line the code under test takes: what tells a new input from an old."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from apps.ingest.protocol import line, messages
from shared.readings import check, parse

T = TypeVar("T")
FILES = {str(Path(module.__file__)) for module in (line, messages, check, parse) if module.__file__}


def traced(work: Callable[[], T]) -> tuple[T, set[object]]:
    """What `work` gives, and the steps it took in the code under test."""
    steps: set[object] = set()
    step = steps.add

    def in_frame(frame: FrameType, event: str, _argument: Any) -> Any:
        code = frame.f_code
        before = frame.f_lineno

        def on_line(inner: FrameType, event: str, _argument: Any) -> Any:
            nonlocal before
            if event == "line":
                step((code, before, inner.f_lineno))
                before = inner.f_lineno
            return on_line

        return on_line if event == "call" and code.co_filename in FILES else None

    earlier = sys.gettrace()
    sys.settrace(in_frame)
    try:
        return work(), steps
    finally:
        sys.settrace(earlier)
