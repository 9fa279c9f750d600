"""An IMEI stands once in the whole of the installation."""

from alembic import op

from migrations import steps

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    steps.create_index(op.f("ix_device_imei"), "device", ["imei"], unique=True)


def downgrade() -> None:
    steps.drop_index("ix_device_imei", "device")
