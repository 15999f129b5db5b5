"""BayBE at its defaults; what a request holds says ``serve.py``."""

import json
from functools import lru_cache
from typing import Any

import baybe
import pandas as pd
from baybe import Campaign
from baybe.constraints import ContinuousLinearConstraint
from baybe.objectives import ParetoObjective, SingleTargetObjective
from baybe.parameters import (
    CategoricalParameter,
    CustomDiscreteParameter,
    NumericalContinuousParameter,
    NumericalDiscreteParameter,
    SubstanceParameter,
)
from baybe.searchspace import SearchSpace
from baybe.targets import NumericalTarget

VERSION = baybe.__version__


def propose(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the next batch."""
    # A space of a few thousand points takes longer to build than to choose from.
    space = _space(json.dumps([request[k] for k in ("parameters", "rows", "linear", "options")]))
    campaign = Campaign(space, _objective(request["aims"]))
    if request["results"]:
        rows = [{**r["point"], **r["scores"]} for r in request["results"]]
        campaign.add_measurements(pd.DataFrame(rows))
    if request["closed"] and not space.discrete.is_empty and space.continuous.is_empty:
        campaign.toggle_discrete_candidates(pd.DataFrame(request["closed"]), exclude=True)
    pending = pd.DataFrame(request["pending"]) if request["pending"] else None
    frame = campaign.recommend(batch_size=request["n"], pending_experiments=pending)
    points: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=15))
    return points


def _objective(aims: list[dict[str, Any]]) -> Any:
    targets = [NumericalTarget(aim["name"]) for aim in aims]
    return SingleTargetObjective(targets[0]) if len(targets) == 1 else ParetoObjective(targets)


@lru_cache(maxsize=4)
def _space(described: str) -> Any:
    parameters, rows, linear, options = json.loads(described)
    made = [_parameter(p, options) for p in parameters]
    if rows is not None:
        frame = pd.DataFrame(rows, columns=[p["name"] for p in parameters])
        return SearchSpace.from_dataframe(frame, made)
    constraints = [
        ContinuousLinearConstraint(
            parameters=list(c["weights"]),
            operator="=" if c["sense"] == "==" else c["sense"],
            coefficients=list(c["weights"].values()),
            rhs=c["bound"],
        )
        for c in linear
    ]
    return SearchSpace.from_product(made, constraints)


def _parameter(spec: dict[str, Any], options: dict[str, Any]) -> Any:
    name, kind = spec["name"], spec["kind"]
    if kind == "range":
        return NumericalContinuousParameter(name, bounds=(spec["low"], spec["high"]))
    if kind == "numbers":
        return NumericalDiscreteParameter(name, values=spec["values"])
    if options.get("categories") == "smiles":
        return SubstanceParameter(name, data={value: value for value in spec["values"]})
    if spec.get("descriptors") and options.get("categories") != "names":
        table = pd.DataFrame.from_dict(spec["descriptors"], "index")
        return CustomDiscreteParameter(name, data=table)
    return CategoricalParameter(name, values=spec["values"], encoding="OHE")
