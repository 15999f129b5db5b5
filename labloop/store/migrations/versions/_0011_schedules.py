"""What experiments had of stations and devices, and what forecasts expected."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
_FLOATS = "-1.7976931348623157e308 AND 1.7976931348623157e308"


def upgrade() -> None:
    """Make the table of schedules."""
    op.create_table(
        "schedule",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.Text(), nullable=False),
        sa.Column("experiment_id", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lab_time", sa.Float(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("recorded", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('forecast', 'held')", name=op.f("ck_schedule_kind")),
        sa.CheckConstraint(f"lab_time BETWEEN {_FLOATS}", name=op.f("ck_schedule_time")),
        sa.PrimaryKeyConstraint("sequence", name="pk_schedule"),
        sa.ForeignKeyConstraint(
            ["campaign_id", "mode"],
            ["campaign.id", "campaign.mode"],
            name="fk_schedule_campaign_id_campaign",
        ),
        sa.ForeignKeyConstraint(
            ["experiment_id", "campaign_id", "mode"],
            ["experiment.id", "experiment.campaign_id", "experiment.mode"],
            name="fk_schedule_experiment_id_experiment",
        ),
    )
    op.create_index("ix_schedule_campaign_id", "schedule", ["campaign_id"])
