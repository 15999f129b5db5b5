"""The reaction robot: one arm, four hotplates with a vial each, one HPLC.

Whoever mixes a reaction of the direct arylation grid, stirs it at 90, 105 or 120 degC for 16
hours and injects a sample sees the yield that was really measured; see ``_arylation``.

Options of ``[lab.world_options]``: ``stations`` (default 4), ``noise`` (mAU of the detector,
default 0), ``tips`` (768), ``vials`` (240), ``reagent_volume`` (uL of every bottle, 1e6).
"""

from collections.abc import Mapping
from typing import Any

from labloop.errors import DefinitionError
from labloop_simulators.bodies.deck import Deck, Slot
from labloop_simulators.bodies.hotplate import Hotplate
from labloop_simulators.bodies.liquids import Liquid, Vessel, Well
from labloop_simulators.instruments.hplc import HplcEmulator
from labloop_simulators.instruments.ika import IkaEmulator
from labloop_simulators.instruments.robot_arm import RobotArmEmulator
from labloop_simulators.kit import Emulator, TruthLog
from labloop_simulators.worlds._arylation import SOLVENT, compounds, measured_yield
from labloop_simulators.worlds._reaction_vial import ReactionVial

__all__ = ["ReactionRobot", "create", "measured_yield"]

CUPS = 8
"""Sample cups in the tray of the HPLC: ``cup_1`` to ``cup_8``."""
_SUBSTRATES = {"substrate": 1.0, "internal_standard": 1.0, "palladium": 0.05}
_BASE, _LIGAND = 2.0, 0.1
"""Micromoles in each microlitre of a stock; what carries them is volume, but no solvent."""
_DEFAULTS: dict[str, float] = {
    "stations": 4,
    "noise": 0.0,
    "tips": 768,
    "vials": 240,
    "reagent_volume": 1e6,
}


class ReactionRobot:
    """The world: emulators by device name, over one shared deck."""

    def __init__(self, seed: int, options: Mapping[str, float]) -> None:
        self.truth = TruthLog()
        self._plates = {
            f"hotplate_{number + 1}": Hotplate() for number in range(int(options["stations"]))
        }
        deck = Deck(
            self._slots(float(options["reagent_volume"])),
            tips=int(options["tips"]),
            vials=int(options["vials"]),
        )
        self.deck = deck
        self._arm = RobotArmEmulator("arm", self.truth, deck)
        cups = {f"cup_{n + 1}": _vessel(deck, f"cup_{n + 1}") for n in range(CUPS)}
        self.emulators: Mapping[str, Emulator] = {
            "arm": self._arm,
            "hplc": HplcEmulator(
                "hplc",
                self.truth,
                cups,
                noise=float(options["noise"]),
                seed=seed,
                sync=self._arm.advance,
            ),
            **{
                # The arm's effects must reach a vial before its plate runs past them.
                name: IkaEmulator(name, self.truth, plate, sync=self._arm.advance)
                for name, plate in self._plates.items()
            },
        }

    def _slots(self, reagent_volume: float) -> dict[str, Slot]:
        slots = {
            "tips": Slot((250.0, -250.0, 90.0), 60.0),
            "vials": Slot((400.0, -250.0, 60.0), 60.0),
            "waste": Slot((-300.0, -200.0, 100.0), 40.0),
        }
        for number, name in enumerate(_reagents()):
            x, y = 200.0 + 30.0 * (number % 6), 150.0 + 30.0 * (number // 6)
            bottle = Well(1.1 * reagent_volume, _reagent(name, reagent_volume))
            slots[name] = Slot((x, y, 110.0), 12.0, bottle)
        for number in range(CUPS):
            slots[f"cup_{number + 1}"] = Slot(
                (-350.0 + 25.0 * number, 300.0, 50.0), 10.0, Well(300.0)
            )
        for number, (name, plate) in enumerate(self._plates.items()):
            slots[name] = self._station(name, plate, number)
        return slots

    def _station(self, name: str, plate: Hotplate, number: int) -> Slot:
        def new_vial(now: float) -> Vessel:
            return ReactionVial(name, plate, self.truth, now)

        place = (500.0, -140.0 + 90.0 * number, 140.0)
        return Slot(place, 35.0, new_vial=new_vial)


def create(seed: int, options: Mapping[str, Any]) -> ReactionRobot:
    """Return a fresh lab; the same seed and options give the same lab, event for event.

    Raises:
        DefinitionError: an option that the world does not have, or not a number in range.
    """
    unknown = sorted(set(options) - set(_DEFAULTS))
    if unknown:
        raise DefinitionError(
            f"the world reaction_robot has no options {unknown}; it takes {sorted(_DEFAULTS)}"
        )
    chosen = {**_DEFAULTS, **options}
    for name, value in chosen.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
            raise DefinitionError(f"world option {name} must be a number from 0 on, got {value!r}")
    if chosen["stations"] not in {1, 2, 3, 4}:
        raise DefinitionError(f"reaction_robot has 1 to 4 stations, got {chosen['stations']!r}")
    return ReactionRobot(seed, chosen)


def _reagents() -> list[str]:
    kinds = compounds()
    return ["substrates", *kinds["base"], *kinds["ligand"], *kinds["solvent"]]


def _reagent(name: str, volume: float) -> Liquid:
    kinds = compounds()
    if name in kinds["solvent"]:
        return Liquid(volume, {SOLVENT + name: volume})
    if name in kinds["base"]:
        return Liquid(volume, {name: _BASE * volume})
    if name in kinds["ligand"]:
        return Liquid(volume, {name: _LIGAND * volume})
    return Liquid(volume, {solute: held * volume for solute, held in _SUBSTRATES.items()})


def _vessel(deck: Deck, name: str) -> Vessel:
    vessel = deck.slots[name].vessel
    if vessel is None:
        raise DefinitionError(f"the deck's slot {name} has no vessel")
    return vessel
