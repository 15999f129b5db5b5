"""How wrong the physics of the further labs is: drawn from a number that stood here before any run.

- ``good``: every constant within 10 % of the truth, nothing removed.
- ``mismatched``: constants times or over U(1.5, 3), what is known within a share off by 20-50 %,
  what is known by a difference off by 0.5 to 1.2 of its standard deviation, one term missing.
- the five kinds of wrong, each with the constants of good physics and one fault: ``sign`` (the main
  input acts the other way round), ``mechanism`` (another one altogether), ``units`` (the main
  constant mistaken by 60 or by 1000), ``input`` (one input is believed to do nothing), ``shift``
  (the right shape, moved along the main input by a quarter of its range).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from benchmarks.physics.further.truth import SOLVENT_FACTORS, TRUE
from benchmarks.physics.labs import Lab

MASTER = 20261201
"""The only source of chance in what physics is given to a planner."""
FAULTS = ("sign", "mechanism", "units", "input", "shift")
KINDS = ("good", "mismatched", *FAULTS)
SHARES = frozenset(
    {"z", "zq", "spin1", "spin2", "order", "index1", "index2", "slope", "critical", "bound"}
    | {"power", "tafel", "absorb", "alpha"}
)
"""Known within a share; so is every energy."""
DIFFERENCES: Mapping[str, float] = {"hot": 3.0, "acid": 0.4}
"""Known by a difference: the standard deviation of what is believed."""
MAIN: Mapping[str, tuple[str, str]] = {
    "sterilise": ("plate", "kq"),
    "antireflex": ("concentration2", "spin2"),
    "crystals": ("hours", "kg"),
    "dryer": ("air", "km"),
    "electro": ("current", "transfer"),
    "merit": ("temperature", "k1"),
    "fermenter": ("temperature", "mu"),
    "photo": ("light", "phi"),
}
"""The main input and the main constant of each lab."""
_SLIPS = (60.0, 1.0 / 60.0, 1000.0, 1e-3)


@dataclass(frozen=True)
class Draw:
    """What a planner is made to believe of one lab for one seed."""

    kind: str
    values: Mapping[str, float]
    """Believed constants, in the units of ``truth.TRUE``."""
    solvents: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Solvent -> believed phi and kw, for the lab that has solvents."""
    removed: str | None = None
    fault: str | None = None
    blind: str | None = None
    """The input that is believed to do nothing."""

    def record(self) -> dict[str, object]:
        """Return everything that was drawn, to be stored with the run."""
        return asdict(self)


def draw(lab: Lab, seed: int, kind: str) -> Draw:
    """Return the physics' constants, gaps and faults for a lab and a seed.

    Raises:
        ValueError: ``kind`` is not one of ``KINDS``.
    """
    random = np.random.default_rng([MASTER, lab.number, seed, KINDS.index(kind)])
    off = kind == "mismatched"
    values = {n: _believed(n, v, random, off=off) for n, v in TRUE[lab.name].items()}
    fault = kind if kind in FAULTS else None
    if fault == "units":
        values[MAIN[lab.name][1]] *= float(random.choice(_SLIPS))
    solvents: dict[str, tuple[float, ...]] = {}
    if "solvent" in lab.space.names:
        for name, factors in SOLVENT_FACTORS.items():
            own = [values[k] * f for k, f in zip(("phi", "kw"), factors, strict=True)]
            solvents[name] = tuple(_believed("k", k, random, off=off) for k in own)
    removed = str(random.choice(lab.terms)) if off else None
    blind = None
    if fault == "input":
        blind = str(random.choice([n for n in lab.space.names if n != "solvent"]))
    return Draw(kind, values, solvents, removed, fault, blind)


def _believed(name: str, true: float, random: np.random.Generator, *, off: bool) -> float:
    up = 1.0 if random.random() < 0.5 else -1.0
    if name in DIFFERENCES:
        return true + up * DIFFERENCES[name] * float(
            random.uniform(*((0.5, 1.2) if off else (0, 0.2)))
        )
    if not off:
        return true * float(random.uniform(0.9, 1.1))
    if is_share(name):
        return true * (1.0 + up * float(random.uniform(0.2, 0.5)))
    return true * float(random.uniform(1.5, 3.0) ** up)


def is_share(name: str) -> bool:
    """Return whether a constant is known within a share."""
    return name.startswith("E") or name in SHARES
