"""Everything is logged to a file; only what needs attention reaches the terminal."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from apps.local.settings import LocalSettings
from shared.telemetry import logs

FILE_BYTES = 10 * 1024 * 1024
OLDER_FILES = 3


def file(settings: LocalSettings) -> Path:
    """Where the log is."""
    return settings.var / "log" / "fortress.log"


def start(settings: LocalSettings) -> None:
    """Log JSON lines to a file that is bounded in size, and warnings to stderr too."""
    here = file(settings)
    here.parent.mkdir(parents=True, exist_ok=True)
    everything = RotatingFileHandler(
        here, maxBytes=FILE_BYTES, backupCount=OLDER_FILES, encoding="utf-8"
    )
    everything.setFormatter(logs.JsonFormatter())
    attention = logging.StreamHandler()
    attention.setLevel(logging.WARNING)
    attention.setFormatter(logs.HumanFormatter())
    logs.configure(settings)
    root = logging.getLogger()
    for handler in (everything, attention):
        for known in root.handlers[0].filters:
            handler.addFilter(known)
    root.handlers[:] = [everything, attention]
