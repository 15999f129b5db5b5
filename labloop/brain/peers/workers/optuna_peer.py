"""Optuna with its GPSampler at its defaults; what a request holds says ``serve.py``."""

from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial

optuna.logging.set_verbosity(optuna.logging.ERROR)
VERSION = optuna.__version__


def propose(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the next batch."""
    specs = request["parameters"]
    space = {spec["name"]: _distribution(spec) for spec in specs}
    study = optuna.create_study(
        directions=["maximize"] * len(request["aims"]),
        sampler=optuna.samplers.GPSampler(seed=request["seed"]),
    )
    for result in request["results"]:
        trial = create_trial(
            params=_inner(specs, result["point"]),
            distributions=space,
            values=list(result["scores"].values()),
            constraints=_excess(request["limits"], result["limits"]),
        )
        study.add_trial(trial)
    for state, name in ((TrialState.FAIL, "failed"), (TrialState.RUNNING, "pending")):
        for point in request[name]:
            inner = _inner(specs, point)
            study.add_trial(create_trial(state=state, params=inner, distributions=space))
    asked = [study.ask(space) for _ in range(request["n"])]
    return [_outer(specs, trial.params) for trial in asked]


def _distribution(spec: dict[str, Any]) -> BaseDistribution:
    """Return what a parameter varies over; numbers that are listed go by their place."""
    if spec["kind"] == "range":
        return FloatDistribution(spec["low"], spec["high"])
    if spec["kind"] == "numbers":
        return IntDistribution(0, len(spec["values"]) - 1)
    return CategoricalDistribution(spec["values"])


def _inner(specs: list[dict[str, Any]], point: dict[str, Any]) -> dict[str, Any]:
    return {
        spec["name"]: spec["values"].index(point[spec["name"]])
        if spec["kind"] == "numbers"
        else point[spec["name"]]
        for spec in specs
    }


def _outer(specs: list[dict[str, Any]], params: dict[str, Any]) -> dict[str, Any]:
    return {
        spec["name"]: spec["values"][params[spec["name"]]]
        if spec["kind"] == "numbers"
        else params[spec["name"]]
        for spec in specs
    }


def _excess(limits: list[dict[str, Any]], measured: dict[str, float]) -> dict[str, float]:
    """Return by how much each bound is exceeded; what is negative is kept."""
    found = {}
    for limit in limits:
        value = measured[limit["name"]]
        if limit["low"] is not None:
            found[f"{limit['name']}_low"] = limit["low"] - value
        if limit["high"] is not None:
            found[f"{limit['name']}_high"] = value - limit["high"]
    return found
