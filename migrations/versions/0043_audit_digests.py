"""Add audit_entry.digests."""

import sqlalchemy as sa

from migrations import steps

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    steps.add_column("audit_entry", sa.Column("digests", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    steps.drop_column("audit_entry", "digests")
