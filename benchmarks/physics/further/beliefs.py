"""The physics that a planner is given in the further labs: a function of one's own each.

Inputs arrive in the units of the space, constants in those of ``truth.TRUE``. The width of the
priors is the same everywhere: rates within a factor 2.7, energies and other well-known numbers
within 30 %, an optimum of temperature within 3 K, of pH within 0.4.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from benchmarks.physics.further.draws import DIFFERENCES, MAIN, Draw, is_share
from benchmarks.physics.further.labs import FURTHER
from benchmarks.physics.further.matter import antireflex, crystals, dryer, sterilise
from benchmarks.physics.further.rates import Predict
from benchmarks.physics.further.reactions import electro, fermenter, merit, photo
from benchmarks.physics.further.truth import SOLVENTS
from labloop.physics import By, CurveAxis, FunctionPhysics, PhysicsModel, Prior
from labloop.space import Categorical


def believe(name: str, drawn: Draw) -> PhysicsModel:
    """Return the physics of a lab as drawn."""
    lab, predict = FURTHER[name], _LAWS[name](drawn)
    unused = {drawn.removed}
    if drawn.removed == "kd":
        unused.add("Ed")
    priors: dict[str, Prior | By] = {
        n: _prior(n, v) for n, v in drawn.values.items() if n not in unused
    }
    if drawn.solvents and drawn.removed != "solvent":
        for place, constant in enumerate(("phi", "kw")):
            own = {s: _prior(constant, drawn.solvents[s][place]) for s in SOLVENTS}
            priors[constant] = By("solvent", own)
    numbers = [p for p in lab.space.parameters if not isinstance(p, Categorical)]
    inputs = {p.name: str(p.unit) for p in numbers}
    curves = {n: CurveAxis(tuple(at), *units) for n, (at, *units) in lab.axes.items()}
    outputs = [n for n in lab.ideal(lab.space.sample(1, 0)) if n not in curves]
    return FunctionPhysics(
        _at_fault(name, drawn, predict), priors, inputs, outputs, name=name.title(), curves=curves
    )


def _prior(name: str, value: float) -> Prior:
    if name in DIFFERENCES:
        return Prior(value, "1", sd=DIFFERENCES[name])
    return Prior(value, "1", rel=0.3) if is_share(name) else Prior(value, "1", fold=2.7)


def _at_fault(name: str, drawn: Draw, predict: Predict) -> Predict:
    """Return the law with an input mirrored, moved or left out, where that is the fault."""
    changed = drawn.blind or (MAIN[name][0] if drawn.fault in ("sign", "shift") else None)
    if changed is None:
        return predict
    parameter: Any = next(p for p in FURTHER[name].space.parameters if p.name == changed)
    low, high, log = float(parameter.low), float(parameter.high), bool(parameter.log)

    def believed(value: Tensor) -> Tensor:
        share = (value / low).log() / torch.tensor(high / low).log() if log else None
        share = (value - low) / (high - low) if share is None else share
        if drawn.blind:
            share = 0.5 + 0.0 * share
        share = 1.0 - share if drawn.fault == "sign" else share
        share = share + 0.25 if drawn.fault == "shift" else share
        return low * (high / low) ** share if log else low + share * (high - low)

    return lambda x, theta: predict({**x, changed: believed(x[changed])}, theta)


_LAWS: Mapping[str, Callable[[Draw], Predict]] = {
    "sterilise": sterilise,
    "antireflex": antireflex,
    "crystals": crystals,
    "dryer": dryer,
    "electro": electro,
    "merit": merit,
    "fermenter": fermenter,
    "photo": photo,
}
