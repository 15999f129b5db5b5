"""What a lab is made of: the lab file, its drivers, limits and interlocks.

Here belongs what can be read and checked before a line is opened, and the two checks that the
gate makes with it. Opening anything belongs to ``host``. Read ``lab_file.py`` first.
"""

from labloop.lab.configuration.built_with import device_named, opened_together
from labloop.lab.configuration.interlocks import InterlockCheck
from labloop.lab.configuration.lab_file import (
    DeviceTable,
    HoldTable,
    LabFile,
    lab_file_of,
    load_lab_file,
)
from labloop.lab.configuration.limits import LimitCheck
from labloop.lab.configuration.registry import (
    DRIVERS,
    LabPlan,
    find_driver,
    installed,
    make_world,
    plan_lab,
    with_found_drivers,
)
from labloop.lab.configuration.station_table import StationRules, StationTable
from labloop.lab.configuration.things import Consumable, DrawTable, millionths

__all__ = [
    "DRIVERS",
    "Consumable",
    "DeviceTable",
    "DrawTable",
    "HoldTable",
    "InterlockCheck",
    "LabFile",
    "LabPlan",
    "LimitCheck",
    "StationRules",
    "StationTable",
    "device_named",
    "find_driver",
    "installed",
    "lab_file_of",
    "load_lab_file",
    "make_world",
    "millionths",
    "opened_together",
    "plan_lab",
    "with_found_drivers",
]
