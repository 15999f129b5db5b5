"""The tables. SQLModel does not validate table models, so no other room sees one.

Every table of a campaign has the column ``mode``, and its foreign key covers both: a row whose
mode differs from its campaign's cannot be stored. Times are microseconds since the epoch (UTC)
as 64-bit integers. Rows are ordered by ``sequence``, never by time. JSON is JSON, not JSONB,
which does not keep the order of keys and the text of numbers.
"""

from typing import Any

from sqlalchemy import BigInteger, LargeBinary, Table, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from labloop.store.schema.columns import (
    Row,
    big_column,
    bytes_column,
    json_column,
    of_campaign,
    of_experiment,
    sequence_key,
    text_column,
)


class CampaignRow(Row, table=True):
    """One campaign; state, reason and version change, nothing else does."""

    __tablename__ = "campaign"
    __table_args__ = (
        UniqueConstraint("name", "mode", "generation"),
        UniqueConstraint("id", "mode"),
    )
    id: str = text_column(primary_key=True)
    name: str = text_column()
    mode: str = text_column()
    generation: int = big_column()
    seed: int = big_column()
    state: str = text_column()
    reason: str = text_column()
    version: int = big_column()
    actor: str = text_column()
    position: int = big_column()
    created: int = big_column()


class CampaignMoveRow(Row, table=True):
    """One change of a campaign's state."""

    __tablename__ = "campaign_move"
    __table_args__ = (of_campaign(),)
    sequence: int | None = sequence_key()
    campaign_id: str = text_column(index=True)
    mode: str = text_column()
    from_state: str = text_column()
    to_state: str = text_column()
    version: int = big_column()
    reason: str = text_column()
    actor: str = text_column()
    recorded: int = big_column()


class BundleRow(Row, table=True):
    """The exact content of a campaign; the newest one counts."""

    __tablename__ = "bundle"
    __table_args__ = (of_campaign(),)
    sequence: int | None = sequence_key()
    campaign_id: str = text_column(index=True)
    mode: str = text_column()
    spec: Any = json_column()
    entry: str = text_column()
    versions: Any = json_column()
    git_commit: str = text_column()
    git_dirty: bool
    sha256: str = text_column()
    stored_sha256: str = text_column()
    actor: str = text_column()
    recorded: int = big_column()


class BundleFileRow(Row, table=True):
    """One file of a bundle."""

    __tablename__ = "bundle_file"
    bundle_sequence: int = Field(
        primary_key=True, foreign_key="bundle.sequence", sa_type=BigInteger
    )
    path: str = text_column(primary_key=True)
    position: int
    content: bytes = bytes_column()


class RoundRow(Row, table=True):
    """The proposals asked for together."""

    __tablename__ = "round"
    __table_args__ = (of_campaign(), UniqueConstraint("campaign_id", "round_index", "attempt"))
    sequence: int | None = sequence_key()
    campaign_id: str = text_column()
    mode: str = text_column()
    round_index: int = big_column()
    attempt: int = big_column()
    seed: int = big_column()
    data_hash: str = text_column()
    state_kind: str | None = text_column(nullable=True)
    state_schema: int | None = Field(sa_type=BigInteger, nullable=True)
    state_data: Any = json_column()
    fit_report: Any = json_column()
    seconds: float
    stored_sha256: str = text_column()
    actor: str = text_column()
    created: int = big_column()


class ProposalRow(Row, table=True):
    """One proposal of a round."""

    __tablename__ = "proposal"
    round_sequence: int = Field(primary_key=True, foreign_key="round.sequence", sa_type=BigInteger)
    position: int = big_column(primary_key=True)
    point: Any = json_column()
    strategy: str = text_column()
    reason: str = text_column()
    model: str = text_column()
    acquisition: str = text_column()
    acquisition_value: float | None
    predicted: Any = json_column()
    seed: int = big_column()


class ModelArrayRow(Row, table=True):
    """One named array of a round's model state."""

    __tablename__ = "model_array"
    round_sequence: int = Field(primary_key=True, foreign_key="round.sequence", sa_type=BigInteger)
    name: str = text_column(primary_key=True)
    position: int
    shape: Any = json_column()
    sha256: str = Field(foreign_key="float_array.sha256", sa_type=Text)


class ArrayRow(Row, table=True):
    """Little-endian float64 values by their hash; content is null where a file holds them."""

    __tablename__ = "float_array"
    sha256: str = text_column(primary_key=True)
    length: int = big_column()
    content: bytes | None = Field(sa_type=LargeBinary, nullable=True)


class ExperimentRow(Row, table=True):
    """One point carried out once; state, reason and times change, nothing else does."""

    __tablename__ = "experiment"
    __table_args__ = (
        of_campaign(),
        UniqueConstraint("campaign_id", "number"),
        UniqueConstraint("id", "campaign_id", "mode"),
    )
    id: str = text_column(primary_key=True)
    campaign_id: str = text_column()
    number: int = big_column()
    mode: str = text_column()
    state: str = text_column()
    origin: str = text_column()
    point: Any = json_column()
    round_index: int | None = Field(sa_type=BigInteger, nullable=True)
    proposal_index: int | None = Field(sa_type=BigInteger, nullable=True)
    reason: str = text_column()
    actor: str = text_column()
    lab_started: float | None
    lab_finished: float | None
    created: int = big_column()
    finished: int | None = Field(sa_type=BigInteger, nullable=True)


class ExperimentMoveRow(Row, table=True):
    """One change of an experiment's state."""

    __tablename__ = "experiment_move"
    __table_args__ = (of_experiment(),)
    sequence: int | None = sequence_key()
    experiment_id: str = text_column(index=True)
    campaign_id: str = text_column()
    mode: str = text_column()
    from_state: str = text_column()
    to_state: str = text_column()
    reason: str = text_column()
    actor: str = text_column()
    lab_time: float | None
    recorded: int = big_column()


class MeasurementRow(Row, table=True):
    """What a procedure returned once; its values stand in ``raw_value``."""

    __tablename__ = "measurement"
    __table_args__ = (of_experiment(),)
    sequence: int | None = sequence_key()
    experiment_id: str = text_column(index=True)
    campaign_id: str = text_column()
    mode: str = text_column()
    actor: str = text_column()
    recorded: int = big_column()


class AnalysisRow(Row, table=True):
    """What one analysis made of the raw data; its values stand in ``output_value``."""

    __tablename__ = "analysis"
    __table_args__ = (of_experiment(),)
    sequence: int | None = sequence_key()
    experiment_id: str = text_column(index=True)
    campaign_id: str = text_column(index=True)
    mode: str = text_column()
    analysis: str = text_column()
    actor: str = text_column()
    recorded: int = big_column()


class _Value(Row):
    """A number, a text or a curve (its arrays by hash)."""

    name: str = text_column()
    kind: str = text_column()
    value: float | None
    sd: float | None
    unit: str | None = text_column(nullable=True)
    text: str | None = text_column(nullable=True)
    x_unit: str | None = text_column(nullable=True)
    x_sha256: str | None = Field(sa_type=Text, nullable=True, foreign_key="float_array.sha256")
    y_sha256: str | None = Field(sa_type=Text, nullable=True, foreign_key="float_array.sha256")


class RawValueRow(_Value, table=True):
    """One value of a measurement; kind ``actual`` is a condition that was reached."""

    __tablename__ = "raw_value"
    sequence: int = Field(primary_key=True, foreign_key="measurement.sequence", sa_type=BigInteger)
    position: int = big_column(primary_key=True)


class OutputValueRow(_Value, table=True):
    """One output of an analysis."""

    __tablename__ = "output_value"
    sequence: int = Field(primary_key=True, foreign_key="analysis.sequence", sa_type=BigInteger)
    position: int = big_column(primary_key=True)


class IntentRow(Row, table=True):
    """An action or step that is about to happen."""

    __tablename__ = "intent"
    __table_args__ = (of_campaign(), of_experiment())
    sequence: int | None = sequence_key()
    id: str = text_column(unique=True)
    campaign_id: str = text_column(index=True)
    experiment_id: str | None = text_column(nullable=True, index=True)
    mode: str = text_column()
    device: str = text_column()
    name: str = text_column()
    kind: str = text_column()
    arguments: Any = json_column()
    idempotent: bool
    lab_time: float
    actor: str = text_column()
    lease_token: int = big_column()
    recorded: int = big_column()
    step: str = text_column(sa_column_kwargs={"server_default": ""})


class OutcomeRow(Row, table=True):
    """How an intent ended; frames are length-prefixed bytes."""

    __tablename__ = "outcome"
    sequence: int | None = sequence_key()
    intent_id: str = Field(index=True, foreign_key="intent.id", sa_type=Text)
    state: str = text_column()
    mode: str = text_column()
    result: Any = json_column()
    detail: str = text_column()
    sent: bytes = bytes_column()
    received: bytes = bytes_column()
    lab_time: float
    actor: str = text_column()
    recorded: int = big_column()


class IdentityRow(Row, table=True):
    """Who answered at a connect."""

    __tablename__ = "identity"
    __table_args__ = (of_campaign(),)
    sequence: int | None = sequence_key()
    campaign_id: str = text_column(index=True)
    mode: str = text_column()
    device: str = text_column()
    model: str = text_column()
    serial_number: str = text_column()
    firmware: str = text_column()
    driver: str = text_column()
    driver_version: str = text_column()
    url: str = text_column()
    actor: str = text_column()
    recorded: int = big_column()


class CommandRow(Row, table=True):
    """What a person asked."""

    __tablename__ = "command"
    __table_args__ = (of_campaign(),)
    sequence: int | None = sequence_key()
    campaign_id: str = text_column(index=True)
    mode: str = text_column()
    kind: str = text_column()
    actor: str = text_column()
    arguments: Any = json_column()
    expected_version: int | None = Field(sa_type=BigInteger, nullable=True)
    created: int = big_column()


class AnswerRow(Row, table=True):
    """What the campaign answered; its key lets a command be answered once."""

    __tablename__ = "answer"
    sequence: int = Field(primary_key=True, foreign_key="command.sequence", sa_type=BigInteger)
    accepted: bool
    answer: str = text_column()
    actor: str = text_column()
    recorded: int = big_column()


class AlarmRow(Row, table=True):
    """A named, explained doubt."""

    __tablename__ = "alarm"
    __table_args__ = (of_campaign(),)
    sequence: int | None = sequence_key()
    campaign_id: str = text_column(index=True)
    mode: str = text_column()
    kind: str = text_column()
    message: str = text_column()
    severity: str = text_column()
    data: Any = json_column()
    round_index: int | None = Field(sa_type=BigInteger, nullable=True)
    experiment_id: str | None = text_column(nullable=True)
    actor: str = text_column()
    recorded: int = big_column()


class AcknowledgementRow(Row, table=True):
    """Who has seen an alarm; its key lets an alarm be acknowledged once."""

    __tablename__ = "acknowledgement"
    sequence: int = Field(primary_key=True, foreign_key="alarm.sequence", sa_type=BigInteger)
    note: str = text_column()
    actor: str = text_column()
    recorded: int = big_column()


class CalibrationRow(Row, table=True):
    """How far one value of an instrument was off when a person compared it with a reference."""

    __tablename__ = "calibration"
    sequence: int | None = sequence_key()
    mode: str = text_column()
    device: str = text_column(index=True)
    serial_number: str = text_column()
    quantity: str = text_column()
    unit: str = text_column()
    points: Any = json_column()
    performed: int = big_column()
    due: int | None = Field(sa_type=BigInteger, nullable=True)
    performed_by: str = text_column()
    note: str = text_column()
    actor: str = text_column()
    recorded: int = big_column()


METADATA = Row.metadata
"""Every table, for migrations and guards."""


def table_of(row: type[SQLModel]) -> Table:
    """Return the Core table behind a row class."""
    return METADATA.tables[str(row.__tablename__)]
