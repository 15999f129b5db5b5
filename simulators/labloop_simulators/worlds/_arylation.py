"""The chemistry of the reaction robot: 1728 direct arylations that were really measured.

The table is a complete grid of base x ligand x solvent x concentration x temperature; its
origin and licence stand in ``labloop_simulators/data/README.md``. What the robot mixed is
identified from what is physically in the vial: a mixture that the grid does not have gives
no product.
"""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from labloop.errors import DefinitionError
from labloop_simulators.bodies.liquids import Liquid

CONCENTRATIONS = (0.057, 0.1, 0.153)
"""mol/L of substrate in the finished mixture."""
TEMPERATURES = (90, 105, 120)
"""Degrees Celsius."""
FULL_TIME = 16 * 3600.0
"""Seconds at temperature after which the vial has the table's yield."""
BAND = 2.0
"""Degrees Celsius around a temperature of the grid that still count as it."""
BASE_PER_SUBSTRATE, LIGAND_PER_SUBSTRATE, PALLADIUM_PER_SUBSTRATE = 2.0, 0.1, 0.05
"""Moles per mole of substrate in the mixture that the table was measured with here."""
SOLVENT = "solvent:"

_RATIO_TOLERANCE = 0.1
_CONCENTRATION_TOLERANCE = 0.03
_PURITY = 0.99
_STEEPNESS = 3.0

Key = tuple[str, str, str, float, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a mixture becomes."""

    percent: float
    """Yield in percent of the substrate."""
    reason: str
    """Which reaction it was, or why it is none."""


@lru_cache(maxsize=1)
def compounds() -> Mapping[str, tuple[str, ...]]:
    """Return the names of all bases, ligands and solvents by kind."""
    found: dict[str, list[str]] = {}
    for row in _rows("direct_arylation_compounds.csv"):
        found.setdefault(row["kind"], []).append(row["name"])
    return {kind: tuple(names) for kind, names in found.items()}


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    """Return SMILES -> name; a name stands for itself."""
    found: dict[str, str] = {}
    for row in _rows("direct_arylation_compounds.csv"):
        found[row["smiles"]] = found[row["name"]] = row["name"]
    return found


@lru_cache(maxsize=1)
def table() -> Mapping[Key, float]:
    """Return (base, ligand, solvent, mol/L, degC) -> measured yield in percent."""
    names = _names()
    return {
        (
            names[row["Base_SMILES"]],
            names[row["Ligand_SMILES"]],
            names[row["Solvent_SMILES"]],
            float(row["Concentration"]),
            int(row["Temp_C"]),
        ): float(row["yield"])
        for row in _rows("direct_arylation.csv")
    }


def measured_yield(
    base: str, ligand: str, solvent: str, concentration: float, temperature: float
) -> float:
    """Return the yield in percent that was measured, without any robot.

    Args:
        base: name or SMILES; likewise ``ligand`` and ``solvent``.
        ligand: see ``base``.
        solvent: see ``base``.
        concentration: 0.057, 0.1 or 0.153 mol/L.
        temperature: 90, 105 or 120 degC.

    Raises:
        DefinitionError: the grid has no such reaction.
    """
    names = _names()
    key = (
        names.get(base, base),
        names.get(ligand, ligand),
        names.get(solvent, solvent),
        float(concentration),
        round(float(temperature)),
    )
    if key not in table() or key[4] != temperature:
        raise DefinitionError(
            f"the direct arylation table has no reaction {key}; take concentrations from "
            f"{CONCENTRATIONS} mol/L, temperatures from {TEMPERATURES} degC and compounds from "
            f"{dict(compounds())}"
        )
    return table()[key]


def outcome(charge: Liquid, seconds_at: Mapping[int, float], hot: float = 0.0) -> Outcome:
    """Return what a charge becomes after its seconds at each temperature of the grid.

    ``hot`` are all its seconds above the coldest of them: a charge that spent most of these in
    between is no reaction of the grid.
    """
    mixture = identify(charge)
    if isinstance(mixture, str):
        return Outcome(0.0, mixture)
    if not seconds_at or max(seconds_at.values()) <= 0:
        return Outcome(0.0, "it was never stirred at a temperature of the grid")
    temperature = max(seconds_at, key=lambda celsius: seconds_at[celsius])
    if 2.0 * seconds_at[temperature] < hot:
        return Outcome(0.0, f"it was mostly at none of {TEMPERATURES} degC")
    share = _conversion(seconds_at[temperature])
    percent = table()[*mixture, temperature] * share
    return Outcome(percent, f"{'/'.join(map(str, mixture))}/{temperature}")


def _conversion(seconds: float) -> float:
    """Return the share of the final yield: exactly 1 from the full time on."""
    if seconds >= FULL_TIME:
        return 1.0
    return math.expm1(-_STEEPNESS * seconds / FULL_TIME) / math.expm1(-_STEEPNESS)


def identify(charge: Liquid) -> tuple[str, str, str, float] | str:
    """Return base, ligand, solvent and concentration of a charge, or why it is no reaction."""
    substrate = charge.amounts.get("substrate", 0.0)
    if substrate <= 0:
        return "there is no substrate in it"
    if charge.amounts.get("product", 0.0) > 0:
        return "it was changed after the reaction had begun"
    kinds = compounds()
    found: list[str] = []
    for kind, ratio in (("base", BASE_PER_SUBSTRATE), ("ligand", LIGAND_PER_SUBSTRATE)):
        present = [name for name in kinds[kind] if charge.amounts.get(name, 0.0) > 0]
        if len(present) != 1:
            return f"it needs exactly one {kind}, has {present}"
        if not _near(charge.amounts[present[0]] / substrate, ratio, _RATIO_TOLERANCE):
            return f"the {kind} is not at {ratio} moles per mole of substrate"
        found.append(present[0])
    palladium = charge.amounts.get("palladium", 0.0) / substrate
    if not _near(palladium, PALLADIUM_PER_SUBSTRATE, _RATIO_TOLERANCE):
        return "the palladium is not at its amount"
    return _dissolved(charge, substrate, found)


def _dissolved(
    charge: Liquid, substrate: float, found: list[str]
) -> tuple[str, str, str, float] | str:
    solvents = {
        name.removeprefix(SOLVENT): amount
        for name, amount in charge.amounts.items()
        if name.startswith(SOLVENT)
    }
    if not solvents:
        return "there is no solvent in it"
    solvent = max(solvents, key=lambda name: solvents[name])
    if solvents[solvent] < _PURITY * sum(solvents.values()):
        return f"it is a mixture of the solvents {sorted(solvents)}"
    molarity = substrate / charge.volume
    for concentration in CONCENTRATIONS:
        if _near(molarity, concentration, _CONCENTRATION_TOLERANCE):
            return found[0], found[1], solvent, concentration
    return f"{molarity:.4g} mol/L is none of {CONCENTRATIONS}"


def _near(value: float, wanted: float, tolerance: float) -> bool:
    return abs(value - wanted) <= tolerance * wanted


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (files("labloop_simulators") / "data" / name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())
