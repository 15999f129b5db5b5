"""The tables of things: lots with their ledger, samples with their places, and who had what.

They belong to a lab, by its name. ``shelf`` is the campaign whose own they are, as in a
simulation; empty for what belongs to the lab itself, whatever campaign uses it.
"""

from typing import Any

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from labloop.store.schema.columns import (
    Row,
    big_column,
    json_column,
    of_campaign,
    of_experiment,
    sequence_key,
    text_column,
)
from labloop.store.schema.tables import METADATA as _METADATA


class StockLotRow(Row, table=True):
    """One lot of a consumable, or one well; only the two amounts change, in millionths."""

    __tablename__ = "stock_lot"
    __table_args__ = (Index(None, "lab", "shelf", "name"),)
    sequence: int | None = sequence_key()
    lab: str = text_column()
    mode: str = text_column()
    shelf: str = text_column()
    name: str = text_column()
    unit: str = text_column()
    lot: str = text_column()
    place: str = text_column()
    amount: int = big_column()
    reserved: int = big_column()
    expires: int | None = Field(sa_type=BigInteger, nullable=True)
    actor: str = text_column()
    recorded: int = big_column()


class StockEntryRow(Row, table=True):
    """One change of a lot."""

    __tablename__ = "stock_entry"
    __table_args__ = (of_experiment(),)
    sequence: int | None = sequence_key()
    lot: int = Field(foreign_key="stock_lot.sequence", sa_type=BigInteger, index=True)
    mode: str = text_column()
    change: str = text_column()
    amount: int = big_column()
    campaign_id: str | None = text_column(nullable=True, index=True)
    experiment_id: str | None = text_column(nullable=True, index=True)
    actor: str = text_column()
    recorded: int = big_column()


class SampleRow(Row, table=True):
    """A sample that was made."""

    __tablename__ = "sample"
    __table_args__ = (of_campaign(), of_experiment(), Index(None, "lab", "shelf"))
    sequence: int | None = sequence_key()
    lab: str = text_column()
    mode: str = text_column()
    shelf: str = text_column()
    kind: str = text_column()
    campaign_id: str = text_column(index=True)
    experiment_id: str | None = text_column(nullable=True)
    actor: str = text_column()
    recorded: int = big_column()


class SampleEventRow(Row, table=True):
    """What happened to a sample; where it is follows from these."""

    __tablename__ = "sample_event"
    sequence: int | None = sequence_key()
    sample: int = Field(foreign_key="sample.sequence", sa_type=BigInteger, index=True)
    change: str = text_column()
    place: str = text_column()
    experiment_id: str | None = text_column(nullable=True)
    lab_time: float
    reason: str = text_column()
    actor: str = text_column()
    recorded: int = big_column()


class SamplePlaceRow(Row, table=True):
    """A place that a sample takes, or is on its way to, while ``taken`` is 1."""

    __tablename__ = "sample_place"
    sequence: int | None = sequence_key()
    sample: int = Field(foreign_key="sample.sequence", sa_type=BigInteger, index=True)
    lab: str = text_column()
    mode: str = text_column()
    shelf: str = text_column()
    place: str = text_column()
    taken: int = big_column()


class ScheduleRow(Row, table=True):
    """What one experiment had of stations and devices, or what a forecast expected of them."""

    __tablename__ = "schedule"
    __table_args__ = (of_campaign(), of_experiment())
    sequence: int | None = sequence_key()
    campaign_id: str = text_column(index=True)
    experiment_id: str | None = text_column(nullable=True)
    mode: str = text_column()
    kind: str = text_column()
    lab_time: float
    data: Any = json_column()
    actor: str = text_column()
    recorded: int = big_column()


METADATA = _METADATA
"""Every table, those of campaigns included; whoever needs all asks here."""
