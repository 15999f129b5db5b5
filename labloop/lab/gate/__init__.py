"""The gate: the fixed row of checks around every action, and the journal behind it.

Here belongs what every action passes, whatever device it is for. What is checked (limits,
interlocks) belongs to ``configuration``, what an action is to ``devices``. Read ``gate.py``
first: the order of its stages is the safety case.
"""

from labloop.lab.gate.delays import Delays
from labloop.lab.gate.gate import Gate
from labloop.lab.gate.json_values import from_json, strict_json
from labloop.lab.gate.memory_journal import MemoryJournal
from labloop.lab.gate.services import LeaseCheck, Services
from labloop.lab.gate.sharing import Sharing

__all__ = [
    "Delays",
    "Gate",
    "LeaseCheck",
    "MemoryJournal",
    "Services",
    "Sharing",
    "from_json",
    "strict_json",
]
