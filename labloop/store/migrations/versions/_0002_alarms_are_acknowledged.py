"""Critical alarms, and who has acknowledged an alarm."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_AFTER = "severity IN ('info', 'warning', 'error', 'critical')"
_NAME = "ck_alarm_severity"


def upgrade() -> None:
    """Allow one more severity, and make a table beside the alarms."""
    _allow_critical()
    op.create_table(
        "acknowledgement",
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("recorded", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_acknowledgement"),
        sa.ForeignKeyConstraint(
            ["sequence"], ["alarm.sequence"], name="fk_acknowledgement_sequence_alarm"
        ),
    )


def _allow_critical() -> None:
    # Alembic rebuilds the table on SQLite, which cannot alter it in place.
    with op.batch_alter_table("alarm") as batch:
        batch.drop_constraint(op.f(_NAME), type_="check")
        batch.create_check_constraint(op.f(_NAME), _AFTER)
