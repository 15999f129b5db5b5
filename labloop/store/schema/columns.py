"""The building blocks of tables: metadata, kinds of columns, foreign keys."""

from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    Text,
)
from sqlmodel import Field, SQLModel


class Row(SQLModel):
    """Base of every table, with labloop's own metadata."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def sequence_key() -> Any:
    """An autoincrement primary key."""
    kind = BigInteger().with_variant(Integer, "sqlite")
    return Field(default=None, primary_key=True, sa_type=kind)


def big_column(*, primary_key: bool = False) -> Any:
    """A 64-bit integer."""
    return Field(sa_type=BigInteger, primary_key=primary_key)


def text_column(**options: Any) -> Any:
    """Text of any length."""
    return Field(sa_type=Text, **options)


def json_column() -> Any:
    """A JSON value."""
    return Field(sa_type=JSON)


def bytes_column() -> Any:
    """Raw bytes."""
    return Field(sa_type=LargeBinary)


def of_campaign() -> ForeignKeyConstraint:
    """A reference to a campaign of the same mode."""
    return ForeignKeyConstraint(["campaign_id", "mode"], ["campaign.id", "campaign.mode"])


def of_experiment() -> ForeignKeyConstraint:
    """A reference to an experiment of the same campaign and mode."""
    return ForeignKeyConstraint(
        ["experiment_id", "campaign_id", "mode"],
        ["experiment.id", "experiment.campaign_id", "experiment.mode"],
    )
