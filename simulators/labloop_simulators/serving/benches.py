"""Instruments that need a lab around them, taken out of one: for ``labloop emulate``."""

from labloop_simulators.bodies.liquids import Liquid
from labloop_simulators.kit import Emulator
from labloop_simulators.worlds.flow_reactor import FlowReactor
from labloop_simulators.worlds.reaction_robot import create as reaction_robot


def uv_detector() -> Emulator:
    """Return the detector of a flow reactor whose pumps stand still."""
    return FlowReactor().emulators["detector"]


def robot_arm() -> Emulator:
    """Return the arm over the deck of the reaction robot."""
    return reaction_robot(0, {}).emulators["arm"]


def hplc() -> Emulator:
    """Return the HPLC of the reaction robot, with solvent in its first cup."""
    world = reaction_robot(0, {})
    cup = world.deck.slots["cup_1"].vessel
    if cup is not None:
        cup.pour(Liquid(50.0, {}), 0.0)
    return world.emulators["hplc"]
