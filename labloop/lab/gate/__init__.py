"""The gate: the fixed row of checks around every action, and the journal behind it."""

from labloop.lab.gate.gate import Gate, LeaseCheck, Services
from labloop.lab.gate.json_values import from_json, strict_json
from labloop.lab.gate.memory_journal import MemoryJournal
from labloop.lab.gate.sharing import Sharing

__all__ = [
    "Gate",
    "LeaseCheck",
    "MemoryJournal",
    "Services",
    "Sharing",
    "from_json",
    "strict_json",
]
