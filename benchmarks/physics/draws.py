"""How wrong the planner's physics is: drawn from one number that stood here before any run.

- ``good``: every constant within 10 % of the truth, nothing removed.
- ``mismatched``: every constant times or over U(1.5, 3), energies and the like plus or minus
  20-50 %, pKa off by 0.2-0.5, and one term of the truth missing.
- ``wrong``: the mismatched constants, and the main effect has the wrong sign, or it is another
  mechanism altogether.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from benchmarks.physics.labs import Lab
from benchmarks.physics.truth import LIGAND_FACTORS, TRUE

MASTER = 20261124
"""The only source of chance in what physics is given to a planner."""
KINDS = ("good", "mismatched", "wrong")
VARIANTS = ("sign", "mechanism")
_SHARES = frozenset({"heat", "rate_h", "rate_l", "index_h", "index_l"})


@dataclass(frozen=True)
class Draw:
    """What a planner is made to believe of one lab for one seed."""

    kind: str
    values: Mapping[str, float]
    """Believed constants, in the units of ``truth.TRUE``."""
    ligands: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Ligand -> believed k1 and k2, for the lab that has ligands."""
    removed: str | None = None
    variant: str | None = None

    def record(self) -> dict[str, object]:
        """Return everything that was drawn, to be stored with the run."""
        return asdict(self)


def draw(lab: Lab, seed: int, kind: str) -> Draw:
    """Return the physics' constants and gaps for a lab and a seed.

    Raises:
        ValueError: ``kind`` is not one of ``KINDS``.
    """
    random = np.random.default_rng([MASTER, lab.number, seed, KINDS.index(kind)])
    good = kind == "good"
    values = {n: _believed(n, v, random, good=good) for n, v in TRUE[lab.name].items()}
    ligands: dict[str, tuple[float, ...]] = {}
    if "ligand" in lab.space.names:
        rates = TRUE[lab.name]["k1"], TRUE[lab.name]["k2"]
        for name, factors in LIGAND_FACTORS.items():
            own = [k * f for k, f in zip(rates, factors, strict=True)]
            ligands[name] = tuple(_believed("k", k, random, good=good) for k in own)
    removed = None if good else str(random.choice(lab.terms))
    variant = str(random.choice(VARIANTS)) if kind == "wrong" else None
    return Draw(kind, values, ligands, removed, variant)


def _believed(name: str, true: float, random: np.random.Generator, *, good: bool) -> float:
    up = 1.0 if random.random() < 0.5 else -1.0
    if is_acidity(name):
        return true + up * float(random.uniform(0.0, 0.1) if good else random.uniform(0.2, 0.5))
    if good:
        return true * float(random.uniform(0.9, 1.1))
    if is_share(name):
        return true * (1.0 + up * float(random.uniform(0.2, 0.5)))
    # A conversion would be another code, and ask for all runs again.
    return true * float(random.uniform(1.5, 3.0)) ** up  # type: ignore[no-any-return]


def is_acidity(name: str) -> bool:
    """Return whether a constant is a pKa, which is off by a difference."""
    return name.startswith("pKa")


def is_share(name: str) -> bool:
    """Return whether a constant is known within a share: energies, indices, sputter rates."""
    return name.startswith("E") or name in _SHARES
