"""Jobs: rows written with what causes them, worked exactly once."""

from shared.jobs.queue import enqueue, wake
from shared.jobs.worker import Handler, Worker

__all__ = ["Handler", "Worker", "enqueue", "wake"]
