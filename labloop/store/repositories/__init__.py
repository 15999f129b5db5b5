"""One repository for each noun of the record: how records become rows and rows records.

Read ``connections.py`` first: every repository stands on it. The protocols they fulfil are the
ports of ``labloop.records``. A write is prepared in the caller's thread and run by the writer.
Tables belong to ``schema``, connections to ``engine``.
"""

from labloop.store.repositories.alarms import SqlAlarms
from labloop.store.repositories.arrays import ArrayStore
from labloop.store.repositories.calibrations import SqlCalibrations
from labloop.store.repositories.campaigns import SqlCampaigns, bundle_hash, stored_bundles
from labloop.store.repositories.commands import SqlCommands
from labloop.store.repositories.connections import Connections
from labloop.store.repositories.experiments import SqlExperiments
from labloop.store.repositories.journal import SqlJournal
from labloop.store.repositories.leasing import SqlLeases, process_ended, process_owner
from labloop.store.repositories.notes import notes_folder, take_in_notes
from labloop.store.repositories.rounds import SqlRounds, round_hash, stored_rounds
from labloop.store.repositories.schedules import SqlSchedules
from labloop.store.repositories.things import SqlSamples, SqlStock

__all__ = [
    "ArrayStore",
    "Connections",
    "SqlAlarms",
    "SqlCalibrations",
    "SqlCampaigns",
    "SqlCommands",
    "SqlExperiments",
    "SqlJournal",
    "SqlLeases",
    "SqlRounds",
    "SqlSamples",
    "SqlSchedules",
    "SqlStock",
    "bundle_hash",
    "notes_folder",
    "process_ended",
    "process_owner",
    "round_hash",
    "stored_bundles",
    "stored_rounds",
    "take_in_notes",
]
