"""Things: the stock of a lab and its samples, as values, rules over them, and their two ports.

``stock.py``: lots, what is reserved and used of them, and which lot is taken next. ``samples.py``:
what happened to a sample, and where it is. ``wells.py``: the names of wells. The rules are pure, so
that a database and a lab without one decide alike. What a lab file declares belongs to ``lab``.
"""

from labloop.records.things.samples import (
    SampleChange,
    SampleEvent,
    SampleRecord,
    Samples,
    Whereabouts,
    check_sample_event,
    place_taken,
)
from labloop.records.things.stock import (
    MILLION,
    STOCK_CHANGES,
    Filling,
    Lot,
    Need,
    Portion,
    Shelf,
    Stock,
    StockChange,
    StockEntry,
    Used,
    stock_available,
    stock_portions,
    stock_words,
)
from labloop.records.things.wells import PLATE_SHAPES, well_name, well_names, wells_in

__all__ = [
    "MILLION",
    "PLATE_SHAPES",
    "STOCK_CHANGES",
    "Filling",
    "Lot",
    "Need",
    "Portion",
    "SampleChange",
    "SampleEvent",
    "SampleRecord",
    "Samples",
    "Shelf",
    "Stock",
    "StockChange",
    "StockEntry",
    "Used",
    "Whereabouts",
    "check_sample_event",
    "place_taken",
    "stock_available",
    "stock_portions",
    "stock_words",
    "well_name",
    "well_names",
    "wells_in",
]
