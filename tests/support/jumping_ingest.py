"""Ingest with a clock that is ahead by what a file says, in milliseconds."""

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

from apps.ingest import main
from shared.clock import SystemClock


class JumpingClock(SystemClock):
    def __init__(self) -> None:
        self._file = Path(os.environ["FORTRESS_CLOCK_FILE"])

    def now(self) -> datetime:
        return super().now() + timedelta(milliseconds=self._ahead())

    def now_ms(self) -> int:
        return super().now_ms() + self._ahead()

    def _ahead(self) -> int:
        # Empty for a moment while it is written.
        return int(self._file.read_text() or 0)


if __name__ == "__main__":
    main.SystemClock = JumpingClock  # type: ignore[attr-defined]  # the one it makes
    sys.exit(main.main())
