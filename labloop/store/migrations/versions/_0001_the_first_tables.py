"""The first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KINDS: dict[str, sa.types.TypeEngine[Any]] = {
    "big": sa.BigInteger(),
    "bool": sa.Boolean(),
    "bytes": sa.LargeBinary(),
    "float": sa.Float(),
    "int": sa.Integer(),
    "json": sa.JSON(),
    "sequence": sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
    "text": sa.Text(),
}


def upgrade() -> None:
    """Create every table; triggers and partial indexes are the guards' own."""
    _campaigns()
    _experiments()
    _rounds()
    _values()
    _journal()
    _commands()


def _columns(listed: str) -> list[sa.Column[Any]]:
    """Return the columns of ``name kind, name kind?, ...``; a question mark allows null."""
    pairs = [part.split() for part in listed.split(",")]
    return [
        sa.Column(name, _KINDS[kind.rstrip("?")], nullable=kind.endswith("?"))
        for name, kind in pairs
    ]


def _key(table: str, columns: str, of: str, referred: str) -> sa.ForeignKeyConstraint:
    own = columns.split()
    targets = [f"{of}.{column}" for column in referred.split()]
    return sa.ForeignKeyConstraint(own, targets, name=f"fk_{table}_{own[0]}_{of}")


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _campaigns() -> None:
    """Campaigns, bundles and their history."""
    op.create_table(
        "campaign",
        *_columns(
            "id text, name text, mode text, generation big, seed big, state text, "
            "reason text, version big, actor text, position big, created big"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_campaign"),
        sa.UniqueConstraint("id", "mode", name="uq_campaign_id_mode"),
        sa.UniqueConstraint("name", "mode", "generation", name="uq_campaign_name_mode_generation"),
        _check("campaign", "mode", "mode IN ('simulated', 'real')"),
        _check(
            "campaign", "state", "state IN ('running', 'paused', 'finished', 'stopped', 'failed')"
        ),
    )
    op.create_table(
        "campaign_move",
        *_columns(
            "sequence sequence, campaign_id text, mode text, from_state text, "
            "to_state text, version big, reason text, actor text, recorded big"
        ),
        sa.PrimaryKeyConstraint("sequence", name="pk_campaign_move"),
        _key("campaign_move", "campaign_id mode", "campaign", "id mode"),
    )
    op.create_index("ix_campaign_move_campaign_id", "campaign_move", ["campaign_id"], unique=False)
    op.create_table(
        "bundle",
        *_columns(
            "sequence sequence, campaign_id text, mode text, spec json, entry text, "
            "versions json, git_commit text, git_dirty bool, sha256 text, "
            "stored_sha256 text, actor text, recorded big"
        ),
        sa.PrimaryKeyConstraint("sequence", name="pk_bundle"),
        _key("bundle", "campaign_id mode", "campaign", "id mode"),
    )
    op.create_index("ix_bundle_campaign_id", "bundle", ["campaign_id"], unique=False)
    op.create_table(
        "bundle_file",
        *_columns("bundle_sequence big, path text, position int, content bytes"),
        sa.PrimaryKeyConstraint("bundle_sequence", "path", name="pk_bundle_file"),
        _key("bundle_file", "bundle_sequence", "bundle", "sequence"),
    )


def _rounds() -> None:
    """Rounds, proposals and model states."""
    op.create_table(
        "float_array",
        *_columns("sha256 text, length big, content bytes?"),
        sa.PrimaryKeyConstraint("sha256", name="pk_float_array"),
    )
    op.create_table(
        "round",
        *_columns(
            "sequence sequence, campaign_id text, mode text, round_index big, attempt big, "
            "seed big, data_hash text, state_kind text?, state_schema big?, "
            "state_data json, fit_report json, seconds float, stored_sha256 text, "
            "actor text, created big"
        ),
        sa.PrimaryKeyConstraint("sequence", name="pk_round"),
        sa.UniqueConstraint(
            "campaign_id", "round_index", "attempt", name="uq_round_campaign_id_round_index_attempt"
        ),
        _key("round", "campaign_id mode", "campaign", "id mode"),
        _check(
            "round", "seconds", "seconds BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308"
        ),
    )
    op.create_table(
        "proposal",
        *_columns(
            "round_sequence big, position big, point json, strategy text, reason text, "
            "model text, acquisition text, acquisition_value float?, predicted json, "
            "seed big"
        ),
        sa.PrimaryKeyConstraint("round_sequence", "position", name="pk_proposal"),
        _key("proposal", "round_sequence", "round", "sequence"),
        _check(
            "proposal",
            "acquisition",
            "acquisition_value IS NULL OR acquisition_value BETWEEN -1.7976931348623157e308 AND "
            "1.7976931348623157e308",
        ),
    )
    op.create_table(
        "model_array",
        *_columns("round_sequence big, name text, position int, shape json, sha256 text"),
        sa.PrimaryKeyConstraint("round_sequence", "name", name="pk_model_array"),
        _key("model_array", "round_sequence", "round", "sequence"),
        _key("model_array", "sha256", "float_array", "sha256"),
    )


def _experiments() -> None:
    """Experiments and their history."""
    op.create_table(
        "experiment",
        *_columns(
            "id text, campaign_id text, number big, mode text, state text, origin text, "
            "point json, round_index big?, proposal_index big?, reason text, actor text, "
            "lab_started float?, lab_finished float?, created big, finished big?"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_experiment"),
        sa.UniqueConstraint("campaign_id", "number", name="uq_experiment_campaign_id_number"),
        sa.UniqueConstraint("id", "campaign_id", "mode", name="uq_experiment_id_campaign_id_mode"),
        _key("experiment", "campaign_id mode", "campaign", "id mode"),
        _check(
            "experiment",
            "state",
            "state IN ('planned', 'awaiting', 'running', 'done', 'failed', 'abandoned', "
            "'uncertain')",
        ),
        _check("experiment", "origin", "origin IN ('proposed', 'edited', 'manual', 'imported')"),
        _check(
            "experiment",
            "started",
            "lab_started IS NULL OR lab_started BETWEEN -1.7976931348623157e308 AND "
            "1.7976931348623157e308",
        ),
        _check(
            "experiment",
            "finished",
            "lab_finished IS NULL OR lab_finished BETWEEN -1.7976931348623157e308 AND "
            "1.7976931348623157e308",
        ),
    )
    op.create_table(
        "experiment_move",
        *_columns(
            "sequence sequence, experiment_id text, campaign_id text, mode text, "
            "from_state text, to_state text, reason text, actor text, lab_time float?, "
            "recorded big"
        ),
        sa.PrimaryKeyConstraint("sequence", name="pk_experiment_move"),
        _key(
            "experiment_move", "experiment_id campaign_id mode", "experiment", "id campaign_id mode"
        ),
        _check(
            "experiment_move",
            "time",
            "lab_time IS NULL OR lab_time BETWEEN -1.7976931348623157e308 AND "
            "1.7976931348623157e308",
        ),
    )
    op.create_index(
        "ix_experiment_move_experiment_id", "experiment_move", ["experiment_id"], unique=False
    )


def _values() -> None:
    """Raw data and outputs."""
    op.create_table(
        "measurement",
        *_columns(
            "sequence sequence, experiment_id text, campaign_id text, mode text, "
            "actor text, recorded big"
        ),
        sa.PrimaryKeyConstraint("sequence", name="pk_measurement"),
        _key("measurement", "experiment_id campaign_id mode", "experiment", "id campaign_id mode"),
    )
    op.create_index("ix_measurement_experiment_id", "measurement", ["experiment_id"], unique=False)
    op.create_table(
        "analysis",
        *_columns(
            "sequence sequence, experiment_id text, campaign_id text, mode text, "
            "analysis text, actor text, recorded big"
        ),
        sa.PrimaryKeyConstraint("sequence", name="pk_analysis"),
        _key("analysis", "experiment_id campaign_id mode", "experiment", "id campaign_id mode"),
    )
    op.create_index("ix_analysis_campaign_id", "analysis", ["campaign_id"], unique=False)
    op.create_index("ix_analysis_experiment_id", "analysis", ["experiment_id"], unique=False)
    for table, parent in (("raw_value", "measurement"), ("output_value", "analysis")):
        op.create_table(
            table,
            *_columns(
                "name text, kind text, value float?, sd float?, unit text?, text text?, "
                "x_unit text?, x_sha256 text?, y_sha256 text?, sequence big, position big"
            ),
            sa.PrimaryKeyConstraint("sequence", "position", name=f"pk_{table}"),
            _key(table, "sequence", parent, "sequence"),
            _key(table, "x_sha256", "float_array", "sha256"),
            _key(table, "y_sha256", "float_array", "sha256"),
            _check(
                table,
                "finite",
                "(value IS NULL OR value BETWEEN -1.7976931348623157e308 "
                "AND 1.7976931348623157e308) AND "
                "(sd IS NULL OR sd BETWEEN 0 AND 1.7976931348623157e308)",
            ),
            _check(
                table,
                "whole",
                "(kind IN ('scalar', 'actual') AND value IS NOT NULL AND unit IS NOT NULL) OR "
                "(kind = 'text' AND text IS NOT NULL) OR (kind = 'curve' AND x_unit IS NOT NULL "
                "AND unit IS NOT NULL AND x_sha256 IS NOT NULL AND y_sha256 IS NOT NULL)",
            ),
        )


def _journal() -> None:
    """Intents, outcomes and identities."""
    op.create_table(
        "intent",
        *_columns(
            "sequence sequence, id text, campaign_id text, experiment_id text?, mode text, "
            "device text, name text, kind text, arguments json, idempotent bool, "
            "lab_time float, actor text, lease_token big, recorded big"
        ),
        sa.PrimaryKeyConstraint("sequence", name="pk_intent"),
        sa.UniqueConstraint("id", name="uq_intent_id"),
        _key("intent", "campaign_id mode", "campaign", "id mode"),
        _key("intent", "experiment_id campaign_id mode", "experiment", "id campaign_id mode"),
        _check("intent", "kind", "kind IN ('action', 'step')"),
        _check(
            "intent", "time", "lab_time BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308"
        ),
    )
    op.create_index("ix_intent_campaign_id", "intent", ["campaign_id"], unique=False)
    op.create_index("ix_intent_experiment_id", "intent", ["experiment_id"], unique=False)
    op.create_table(
        "outcome",
        *_columns(
            "sequence sequence, intent_id text, state text, mode text, result json, "
            "detail text, sent bytes, received bytes, lab_time float, actor text, "
            "recorded big"
        ),
        sa.PrimaryKeyConstraint("sequence", name="pk_outcome"),
        _key("outcome", "intent_id", "intent", "id"),
        _check("outcome", "state", "state IN ('done', 'failed', 'not_sent', 'uncertain')"),
        _check(
            "outcome", "time", "lab_time BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308"
        ),
    )
    op.create_index("ix_outcome_intent_id", "outcome", ["intent_id"], unique=False)
    op.create_table(
        "identity",
        *_columns(
            "sequence sequence, campaign_id text, mode text, device text, model text, "
            "serial_number text, firmware text, driver text, driver_version text, "
            "url text, actor text, recorded big"
        ),
        sa.PrimaryKeyConstraint("sequence", name="pk_identity"),
        _key("identity", "campaign_id mode", "campaign", "id mode"),
    )
    op.create_index("ix_identity_campaign_id", "identity", ["campaign_id"], unique=False)


def _commands() -> None:
    """Commands, answers, leases and alarms."""
    op.create_table(
        "command",
        *_columns(
            "sequence sequence, campaign_id text, mode text, kind text, actor text, "
            "arguments json, expected_version big?, created big"
        ),
        sa.PrimaryKeyConstraint("sequence", name="pk_command"),
        _key("command", "campaign_id mode", "campaign", "id mode"),
        _check(
            "command",
            "kind",
            "kind IN ('approve', 'reject', 'edit', 'add', 'pause', 'resume', 'abort', 'stop', "
            "'resolve')",
        ),
    )
    op.create_index("ix_command_campaign_id", "command", ["campaign_id"], unique=False)
    op.create_table(
        "answer",
        *_columns("sequence big, accepted bool, answer text, actor text, recorded big"),
        sa.PrimaryKeyConstraint("sequence", name="pk_answer"),
        _key("answer", "sequence", "command", "sequence"),
    )
    op.create_table(
        "lease",
        *_columns("resource text, owner text, token big, taken big"),
        sa.PrimaryKeyConstraint("resource", name="pk_lease"),
    )
    op.create_table(
        "alarm",
        *_columns(
            "sequence sequence, campaign_id text, mode text, kind text, message text, "
            "severity text, data json, round_index big?, experiment_id text?, actor text, "
            "recorded big"
        ),
        sa.PrimaryKeyConstraint("sequence", name="pk_alarm"),
        _key("alarm", "campaign_id mode", "campaign", "id mode"),
        _check("alarm", "severity", "severity IN ('info', 'warning', 'error')"),
    )
    op.create_index("ix_alarm_campaign_id", "alarm", ["campaign_id"], unique=False)
