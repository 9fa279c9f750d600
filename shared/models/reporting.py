"""What was asked for as a file. Owned by reporting."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, BigId, UtcDateTime, options, primary_id, public_id


class ReportRun(Base):
    """An export that is made in the background, and its file.

    `state`: queued, running, succeeded, failed or cancelled. `progress`: rows written so far. From
    `expires_at` on nobody sees it any more; its file goes, then its row. `sight`: stands for the
    groups of devices that its asker was limited to; none: the file is of all devices.
    """

    __tablename__ = "report_run"
    __table_args__ = options(
        Index(None, "org_id", "id"), Index(None, "org_id", "state"), Index(None, "expires_at")
    )

    id: Mapped[int] = primary_id()
    public_id: Mapped[str] = public_id("run")
    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("organisation.id"))
    kind: Mapped[str] = mapped_column(String(16))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16))
    sight: Mapped[str | None] = mapped_column(String(64))
    progress: Mapped[int] = mapped_column(BigInteger, default=0)
    file_key: Mapped[str] = mapped_column(String(191))
    size: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
