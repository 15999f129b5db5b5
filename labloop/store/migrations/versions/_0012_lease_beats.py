"""When the holders of leases were heard last."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "lease_beat",
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("beats", sa.BigInteger(), nullable=False),
        sa.Column("beaten", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("resource", name="pk_lease_beat"),
    )
