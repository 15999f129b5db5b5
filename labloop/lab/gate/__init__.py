"""The gate: the fixed row of checks around every action, and the journal behind it."""

from labloop.lab.gate.gate import Gate, LeaseCheck, Services
from labloop.lab.gate.journal_json import revive, strict_json
from labloop.lab.gate.memory_journal import MemoryJournal
from labloop.lab.gate.sharing import Sharing

__all__ = [
    "Gate",
    "LeaseCheck",
    "MemoryJournal",
    "Services",
    "Sharing",
    "revive",
    "strict_json",
]
