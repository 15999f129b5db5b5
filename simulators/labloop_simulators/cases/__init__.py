"""Every shipped driver as the contract needs it: its world, and what its manual says.

An entry point of the group ``labloop.cases`` names the cases of each driver. Answers and frames
are those of the manuals that the driver's README names, written without looking at the driver: its
own functions are not used here.
"""

from labloop_simulators.cases.machines import HPLC, ROBOT_ARM, UV_DETECTOR
from labloop_simulators.cases.probes import ATLAS_EZO, METTLER, SCPI, VICI
from labloop_simulators.cases.pumps import CAVRO, HAMILTON, HARVARD, NEW_ERA
from labloop_simulators.cases.temperatures import HUBER, IKA, JULABO

SHIPPED = (
    *NEW_ERA,
    *JULABO,
    *IKA,
    *METTLER,
    *HUBER,
    *CAVRO,
    *VICI,
    *HARVARD,
    *ATLAS_EZO,
    *HAMILTON,
    *SCPI,
    *UV_DETECTOR,
    *HPLC,
    *ROBOT_ARM,
)
"""All cases of all shipped drivers."""

__all__ = [
    "ATLAS_EZO",
    "CAVRO",
    "HAMILTON",
    "HARVARD",
    "HPLC",
    "HUBER",
    "IKA",
    "JULABO",
    "METTLER",
    "NEW_ERA",
    "ROBOT_ARM",
    "SCPI",
    "SHIPPED",
    "UV_DETECTOR",
    "VICI",
]
