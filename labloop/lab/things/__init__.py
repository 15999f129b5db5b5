"""Things of a lab: what is booked when something is used up, and where samples are.

``bookings.py`` is asked by the gate, before an action draws from a vessel, and by procedures.
``samples.py`` holds the sample as a procedure has it. ``memory_things.py`` stands in for a database
where nothing is kept. What is declared belongs to ``configuration``, what is kept to the store.
"""

from labloop.lab.things.bookings import Bookings, Place
from labloop.lab.things.memory_things import MemorySamples, MemoryStock
from labloop.lab.things.samples import Sample, SampleMoves

__all__ = [
    "Bookings",
    "MemorySamples",
    "MemoryStock",
    "Place",
    "Sample",
    "SampleMoves",
]
