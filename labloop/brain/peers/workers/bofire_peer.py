"""BoFire at its defaults; what a request holds says ``serve.py``."""

from importlib.metadata import version
from typing import Any

import pandas as pd
from bofire.data_models.api import Domain
from bofire.data_models.constraints.api import (
    LinearEqualityConstraint,
    LinearInequalityConstraint,
)
from bofire.data_models.features.api import (
    CategoricalDescriptorInput,
    CategoricalInput,
    ContinuousInput,
    ContinuousOutput,
    DiscreteInput,
)
from bofire.data_models.objectives.api import (
    MaximizeObjective,
    MaximizeSigmoidObjective,
    MinimizeSigmoidObjective,
)
from bofire.data_models.strategies.api import MoboStrategy, RandomStrategy, SoboStrategy
from bofire.strategies.api import map as to_strategy

VERSION = version("bofire")
LEAST = 2
"""Its models need this many results, or more."""
STEEP = 100.0
"""How steeply the edge of a limit is smoothed, in standard deviations of the output."""


def propose(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the next batch."""
    frame = _frame(request)
    domain = Domain(
        inputs=[_input(p) for p in request["parameters"]],
        outputs=[*_aims(request["aims"]), *_limits(request["limits"], frame)],
        constraints=[_sum(c) for c in request["linear"]],
    )
    if len(frame) < LEAST:
        made = RandomStrategy(domain=domain, seed=request["seed"])
    else:
        kind = SoboStrategy if len(request["aims"]) == 1 else MoboStrategy
        made = kind(domain=domain, seed=request["seed"])
    strategy = to_strategy(made)
    if request["pending"]:
        strategy.add_candidates(pd.DataFrame(request["pending"]))
    if len(frame) >= LEAST:
        strategy.tell(frame)
    # Its own check takes a sum that is off by a rounding error for a broken constraint.
    found = strategy.ask(request["n"], raise_validation_error=False)
    names = [p["name"] for p in request["parameters"]]
    points: list[dict[str, Any]] = found[names].to_dict(orient="records")
    return points


def _frame(request: dict[str, Any]) -> pd.DataFrame:
    rows = []
    for result in request["results"]:
        outputs = {**result["scores"], **_doubled(request["limits"], result["limits"])}
        rows.append({**result["point"], **outputs, **{f"valid_{k}": 1 for k in outputs}})
    return pd.DataFrame(rows)


def _bounds(limit: dict[str, Any]) -> list[tuple[str, str, float]]:
    return [
        (f"{limit['name']}_{bound}", bound, limit[bound])
        for bound in ("low", "high")
        if limit[bound] is not None
    ]


def _doubled(limits: list[dict[str, Any]], measured: dict[str, float]) -> dict[str, float]:
    """Return the limited outputs, once for each of their bounds: an output has one objective."""
    return {key: measured[limit["name"]] for limit in limits for key, _, _ in _bounds(limit)}


def _input(spec: dict[str, Any]) -> Any:
    name, kind = spec["name"], spec["kind"]
    if kind == "range":
        return ContinuousInput(key=name, bounds=(spec["low"], spec["high"]))
    if kind == "numbers":
        return DiscreteInput(key=name, values=spec["values"])
    if not spec.get("descriptors"):
        return CategoricalInput(key=name, categories=spec["values"])
    table = pd.DataFrame.from_dict(spec["descriptors"], "index").loc[spec["values"]]
    # It refuses a descriptor that is the same for all.
    told = table.loc[:, table.max() > table.min()]
    return CategoricalDescriptorInput(
        key=name,
        categories=spec["values"],
        descriptors=[str(c) for c in told.columns],
        values=told.to_numpy().tolist(),
    )


def _aims(aims: list[dict[str, Any]]) -> list[Any]:
    return [ContinuousOutput(key=a["name"], objective=MaximizeObjective()) for a in aims]


def _limits(limits: list[dict[str, Any]], frame: pd.DataFrame) -> list[Any]:
    kinds = {"low": MaximizeSigmoidObjective, "high": MinimizeSigmoidObjective}
    return [
        ContinuousOutput(
            key=key,
            objective=kinds[bound](w=1.0, tp=value, steepness=STEEP / _spread(frame, key)),
        )
        for limit in limits
        for key, bound, value in _bounds(limit)
    ]


def _spread(frame: pd.DataFrame, key: str) -> float:
    return float(frame[key].std(ddof=0) or 1.0) if len(frame) else 1.0


def _sum(constraint: dict[str, Any]) -> Any:
    kind = LinearEqualityConstraint if constraint["sense"] == "==" else LinearInequalityConstraint
    return kind(
        features=list(constraint["weights"]),
        coefficients=list(constraint["weights"].values()),
        rhs=constraint["bound"],
    )
