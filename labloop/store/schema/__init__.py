"""The schema: tables, their columns, and the guards with which the database refuses changes.

Read ``tables.py`` first; ``things_tables.py`` holds stock and samples. ``columns.py`` holds the
kinds of columns, ``guards.py`` triggers and CHECKs, ``version.py`` the revisions, ``encode.py`` the
way of a value into a column and back. Statements belong to ``repositories``, changes of the schema
to ``labloop/store/migrations``.
"""

from labloop.store.schema.guards import PARTIAL_INDEXES, Refusal
from labloop.store.schema.tables import (
    AcknowledgementRow,
    AlarmRow,
    AnalysisRow,
    AnswerRow,
    ArrayRow,
    BundleFileRow,
    BundleRow,
    CalibrationRow,
    CampaignMoveRow,
    CampaignRow,
    CommandRow,
    ExperimentMoveRow,
    ExperimentRow,
    IdentityRow,
    IntentRow,
    LeaseRow,
    MeasurementRow,
    ModelArrayRow,
    OutcomeRow,
    OutputValueRow,
    ProposalRow,
    RawValueRow,
    RoundRow,
    table_of,
)
from labloop.store.schema.things_tables import (
    METADATA,
    SampleEventRow,
    SamplePlaceRow,
    SampleRow,
    StockEntryRow,
    StockLotRow,
)
from labloop.store.schema.version import HEAD, REVISIONS, VERSION_TABLE, create_all

__all__ = [
    "HEAD",
    "METADATA",
    "PARTIAL_INDEXES",
    "REVISIONS",
    "VERSION_TABLE",
    "AcknowledgementRow",
    "AlarmRow",
    "AnalysisRow",
    "AnswerRow",
    "ArrayRow",
    "BundleFileRow",
    "BundleRow",
    "CalibrationRow",
    "CampaignMoveRow",
    "CampaignRow",
    "CommandRow",
    "ExperimentMoveRow",
    "ExperimentRow",
    "IdentityRow",
    "IntentRow",
    "LeaseRow",
    "MeasurementRow",
    "ModelArrayRow",
    "OutcomeRow",
    "OutputValueRow",
    "ProposalRow",
    "RawValueRow",
    "Refusal",
    "RoundRow",
    "SampleEventRow",
    "SamplePlaceRow",
    "SampleRow",
    "StockEntryRow",
    "StockLotRow",
    "create_all",
    "table_of",
]
