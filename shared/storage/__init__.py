"""Files that outlive a process: exports, imports, reports."""

from shared.storage.base import Found, Missing, Storage
from shared.storage.connect import connect_storage

__all__ = ["Found", "Missing", "Storage", "connect_storage"]
