"""Remarks of persons: the migration that makes the table of ``table.py``.

Copy to ``labloop/store/migrations/versions/_NNNN_what_it_does.py``, with the next number as
``revision`` and the last one as ``down_revision``. It says what changes, once and for ever: it
imports nothing of labloop, so that a later change of the tables does not change the past.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of remarks."""
    op.create_table(
        "remark",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("recorded", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_remark"),
        sa.ForeignKeyConstraint(
            ["campaign_id", "mode"],
            ["campaign.id", "campaign.mode"],
            name="fk_remark_campaign_id_campaign",
        ),
    )
    op.create_index("ix_remark_campaign_id", "remark", ["campaign_id"])
