"""Work that must happen because something was committed. Written in the same transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, UtcDateTime, options, primary_id


class Job(Base):
    """`status`: ready, running (under a lease), done, or dead (its attempts are used up)."""

    __tablename__ = "job"
    __table_args__ = options(
        UniqueConstraint("queue", "key"), Index(None, "queue", "status", "run_after")
    )

    id: Mapped[int] = primary_id()
    queue: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(191))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(16), default="ready")
    run_after: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    lease: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
