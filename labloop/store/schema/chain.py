"""The chain of a campaign: each record is linked to all that were stored before it.

A link is ``sha256(hash of the link before + text of the record)``. The text is canonical JSON of
the columns declared here, so that it can be made again from the stored row. Whoever changes,
adds or removes a row by other means cannot keep the hashes that follow.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from labloop.store.schema.columns import Row, big_column, of_campaign, text_column

BEGINNING = "0" * 64
"""The hash before the first link."""
UPGRADE = "upgrade"
"""The noun of the link with which the chain of an older database begins."""


class ChainRow(Row, table=True):
    """One link; its record is found by noun (a table) and key (its id, else its sequence)."""

    __tablename__ = "chain"
    __table_args__ = (of_campaign(),)
    campaign_id: str = text_column(primary_key=True)
    position: int = big_column(primary_key=True)
    mode: str = text_column()
    noun: str = text_column()
    key: str = text_column()
    note: str = text_column()
    """The text itself, of a link that stands for no row."""
    sha256: str = text_column()


_OF_EXPERIMENT = ("experiment_id", "campaign_id", "mode")
_OF_CAMPAIGN = ("campaign_id", "mode")
_SIGNED = ("actor", "recorded")
LINKED: Mapping[str, tuple[str, ...]] = {
    "campaign": ("name", "mode", "generation", "seed", "actor", "position", "created"),
    "campaign_move": (*_OF_CAMPAIGN, "from_state", "to_state", "version", "reason", *_SIGNED),
    "bundle": (*_OF_CAMPAIGN, "entry", "git_commit", "git_dirty", "sha256", "stored_sha256",
               *_SIGNED),
    "round": (*_OF_CAMPAIGN, "round_index", "attempt", "seed", "data_hash", "seconds",
              "stored_sha256", "actor", "created"),
    "experiment": (*_OF_CAMPAIGN, "number", "origin", "point", "round_index", "proposal_index",
                   "actor", "created"),
    "experiment_move": (*_OF_EXPERIMENT, "from_state", "to_state", "reason", "lab_time", *_SIGNED),
    "measurement": (*_OF_EXPERIMENT, *_SIGNED),
    "analysis": (*_OF_EXPERIMENT, "analysis", *_SIGNED),
    "intent": (*_OF_EXPERIMENT, "device", "name", "kind", "arguments", "idempotent", "lab_time",
               "lease_token", "step", *_SIGNED),
    "outcome": ("intent_id", "state", "mode", "result", "detail", "sent", "received", "lab_time",
                *_SIGNED),
    "identity": (*_OF_CAMPAIGN, "device", "model", "serial_number", "firmware", "driver",
                 "driver_version", "url", *_SIGNED),
    "command": (*_OF_CAMPAIGN, "kind", "actor", "arguments", "expected_version", "created"),
    "answer": ("accepted", "answer", *_SIGNED),
    "alarm": (*_OF_CAMPAIGN, "kind", "message", "severity", "data", "round_index",
              "experiment_id", *_SIGNED),
    "acknowledgement": ("note", *_SIGNED),
    "schedule": (*_OF_CAMPAIGN, "experiment_id", "kind", "lab_time", "data", *_SIGNED),
}  # fmt: skip
"""Table -> the columns that a link covers, beside its key.

What a bundle and a round hold beside is covered by their ``stored_sha256``, and the state of a
campaign or an experiment by its moves. What is null is left out of the text.
"""
_LATER = frozenset({"step"})
"""Columns that came when there were chains already: left out of the text where they are empty."""
_VALUE = ("position", "name", "kind", "value", "sd", "unit", "text", "x_unit", "x_sha256",
          "y_sha256")  # fmt: skip
PARTS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "measurement": ("raw_value", "sequence", _VALUE),
    "analysis": ("output_value", "sequence", _VALUE),
    "round": ("proposal", "round_sequence",
              ("position", "point", "strategy", "reason", "model", "acquisition",
               "acquisition_value", "predicted", "seed")),
}  # fmt: skip
"""Table -> the table of its parts, the column there that names the whole, and what is covered."""
BY_ID = frozenset({"campaign", "experiment", "intent"})
"""Tables whose key is the column ``id``; of the others it is ``sequence``."""
_ANY_JSON = "result"
"""The column that may hold JSON that is a bare number, which SQLite stores as a number."""
_DIGITS = frozenset("-0123456789")
_ENCODE = json.JSONEncoder(
    # Keys stand in the order that is declared here, and rows hold no circle.
    ensure_ascii=False,
    allow_nan=False,
    check_circular=False,
    separators=(",", ":"),
).encode


def record_text(
    noun: str, key: str, row: Mapping[str, Any], parts: Sequence[Mapping[str, Any]] = ()
) -> str:
    """Return the text of a record as its link covers it.

    Args:
        noun: one of ``LINKED``.
        key: the id or sequence of the row.
        row: its columns; JSON as the text that is stored.
        parts: the rows of ``PARTS``, by position.
    """
    said = {"key": key, **_kept(row, LINKED[noun])}
    if noun in PARTS:
        said["parts"] = [_kept(part, PARTS[noun][2]) for part in parts]
    return _ENCODE({noun: said})


def note_text(noun: str, said: Mapping[str, Any]) -> str:
    """Return the text of a link that stands for no row."""
    return _ENCODE({noun: dict(said)})


def link_hash(before: str, text: str) -> str:
    """Return the hash of a link from the hash before it and its text."""
    return sha256(f"{before}{text}".encode()).hexdigest()


def _kept(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    # This runs for every row that is stored: most values are texts and whole numbers.
    kept = {}
    for name in names:
        value = row[name]
        kind = type(value)
        if kind is float and name != _ANY_JSON:
            # SQLite keeps no negative zero.
            kept[name] = value + 0.0
        elif kind is bytes:
            kept[name] = value.hex()
        elif name == _ANY_JSON:
            kept[name] = _json_text(value)
        elif value is not None and (value or name not in _LATER):
            kept[name] = value
    return kept


def _json_text(value: str | float) -> str:
    """Return JSON as it was given, a bare number in one form: 80.0 is stored as 80 by SQLite."""
    bare = not isinstance(value, str) or value[:1] in _DIGITS
    return repr(float(value) + 0.0) if bare else str(value)
