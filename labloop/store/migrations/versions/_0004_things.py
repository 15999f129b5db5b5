"""Stock and samples; wells that campaigns used up, so far told by the journal, become lots."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_EXPERIMENT = (
    ["experiment_id", "campaign_id", "mode"],
    ["experiment.id", "experiment.campaign_id", "experiment.mode"],
)


def upgrade() -> None:
    """Make the tables, and take over which wells are used up."""
    _stock()
    _samples()
    _take_over()


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _big(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _stock() -> None:
    op.create_table(
        "stock_lot",
        sa.Column("sequence", _KEY, nullable=False),
        *(_text(n) for n in ("lab", "mode", "shelf", "name", "unit", "lot", "place")),
        _big("amount"),
        _big("reserved"),
        _big("expires", nullable=True),
        _text("actor"),
        _big("recorded"),
        sa.CheckConstraint("mode IN ('simulated', 'real')", name=op.f("ck_stock_lot_mode")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_stock_lot_amount")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_stock_lot_reserved")),
        sa.PrimaryKeyConstraint("sequence", name="pk_stock_lot"),
    )
    op.create_index("ix_stock_lot_lab_shelf_name", "stock_lot", ["lab", "shelf", "name"])
    op.create_table(
        "stock_entry",
        sa.Column("sequence", _KEY, nullable=False),
        _big("lot"),
        _text("mode"),
        _text("change"),
        _big("amount"),
        _text("campaign_id", nullable=True),
        _text("experiment_id", nullable=True),
        _text("actor"),
        _big("recorded"),
        sa.CheckConstraint(
            "change IN ('put', 'reserve', 'use', 'undo', 'release', 'count', 'discard')",
            name=op.f("ck_stock_entry_change"),
        ),
        sa.PrimaryKeyConstraint("sequence", name="pk_stock_entry"),
        sa.ForeignKeyConstraint(
            ["lot"], ["stock_lot.sequence"], name=op.f("fk_stock_entry_lot_stock_lot")
        ),
        sa.ForeignKeyConstraint(*_EXPERIMENT, name=op.f("fk_stock_entry_experiment_id_experiment")),
    )
    for column in ("campaign_id", "experiment_id", "lot"):
        op.create_index(f"ix_stock_entry_{column}", "stock_entry", [column])


def _samples() -> None:
    op.create_table(
        "sample",
        sa.Column("sequence", _KEY, nullable=False),
        *(_text(n) for n in ("lab", "mode", "shelf", "kind", "campaign_id")),
        _text("experiment_id", nullable=True),
        _text("actor"),
        _big("recorded"),
        sa.PrimaryKeyConstraint("sequence", name="pk_sample"),
        sa.ForeignKeyConstraint(
            ["campaign_id", "mode"],
            ["campaign.id", "campaign.mode"],
            name=op.f("fk_sample_campaign_id_campaign"),
        ),
        sa.ForeignKeyConstraint(*_EXPERIMENT, name=op.f("fk_sample_experiment_id_experiment")),
    )
    op.create_index("ix_sample_campaign_id", "sample", ["campaign_id"])
    op.create_index("ix_sample_lab_shelf", "sample", ["lab", "shelf"])
    op.create_table(
        "sample_event",
        sa.Column("sequence", _KEY, nullable=False),
        _big("sample"),
        _text("change"),
        _text("place"),
        _text("experiment_id", nullable=True),
        sa.Column("lab_time", sa.Float(), nullable=False),
        _text("reason"),
        _text("actor"),
        _big("recorded"),
        sa.CheckConstraint(
            "change IN ('made', 'moving', 'moved', 'stayed', 'found', 'discarded')",
            name=op.f("ck_sample_event_change"),
        ),
        sa.CheckConstraint(
            "lab_time BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308",
            name=op.f("ck_sample_event_time"),
        ),
        sa.PrimaryKeyConstraint("sequence", name="pk_sample_event"),
        sa.ForeignKeyConstraint(
            ["sample"], ["sample.sequence"], name=op.f("fk_sample_event_sample_sample")
        ),
    )
    op.create_index("ix_sample_event_sample", "sample_event", ["sample"])
    op.create_table(
        "sample_place",
        sa.Column("sequence", _KEY, nullable=False),
        _big("sample"),
        *(_text(n) for n in ("lab", "mode", "shelf", "place")),
        _big("taken"),
        sa.CheckConstraint("taken IN (0, 1)", name=op.f("ck_sample_place_taken")),
        sa.PrimaryKeyConstraint("sequence", name="pk_sample_place"),
        sa.ForeignKeyConstraint(
            ["sample"], ["sample.sequence"], name=op.f("fk_sample_place_sample_sample")
        ),
    )
    op.create_index("ix_sample_place_sample", "sample_place", ["sample"])


_USED = """
INSERT INTO stock_lot
    (lab, mode, shelf, name, unit, lot, place, amount, reserved, expires, actor, recorded)
SELECT '', i.mode, i.campaign_id, i.device, '1', '', {place}, 0, 0, NULL,
    i.actor, i.recorded
FROM intent i
WHERE i.name = 'use_up' AND {place} IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM intent later WHERE later.campaign_id = i.campaign_id
    AND later.device = i.device AND later.name = 'renew' AND later.sequence > i.sequence)
ORDER BY i.sequence
"""


def _take_over() -> None:
    """Keep the wells that the journal knows as used: the lab's name is not in it."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    place = "json_extract(i.arguments, '$.place')" if sqlite else "(i.arguments ->> 'place')"
    op.execute(_USED.format(place=place))
