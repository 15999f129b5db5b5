"""Ax at its defaults; what a request holds says ``serve.py``."""

import logging
from typing import Any

import ax
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

logging.disable(logging.WARNING)
VERSION = ax.__version__


def propose(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the next batch."""
    client = _client(request)
    for result in request["results"]:
        index = client.attach_trial(result["point"])
        client.complete_trial(index, {**result["scores"], **result["limits"]})
    for point in request["failed"]:
        client.mark_trial_failed(client.attach_trial(point))
    for point in request["pending"]:
        client.attach_trial(point)
    return list(client.get_next_trials(max_trials=request["n"]).values())


def _client(request: dict[str, Any]) -> Any:
    client = Client(random_seed=request["seed"])
    client.configure_experiment(
        [_parameter(p) for p in request["parameters"]],
        parameter_constraints=[_sum(c) for c in request["linear"]],
    )
    kept = [
        f"{limit['name']} {sense} {limit[bound]!r}"
        for limit in request["limits"]
        for sense, bound in ((">=", "low"), ("<=", "high"))
        if limit[bound] is not None
    ]
    kept += [f"{a['name']} >= {a['least']!r}" for a in request["aims"] if a["least"] is not None]
    client.configure_optimization(
        objective=", ".join(a["name"] for a in request["aims"]), outcome_constraints=kept
    )
    # With its default, a centre point first, Ax would spend one trial more before it learns
    # where it is given the results that it would have made itself.
    client.configure_generation_strategy(
        initialize_with_center=not request["results"] and not request["pending"],
        initialization_random_seed=request["seed"],
    )
    return client


def _parameter(spec: dict[str, Any]) -> Any:
    name, kind = spec["name"], spec["kind"]
    if kind == "range":
        bounds = (spec["low"], spec["high"])
        return RangeParameterConfig(name=name, parameter_type="float", bounds=bounds)
    ordered, first = kind == "numbers", spec["values"][0]
    return ChoiceParameterConfig(
        name=name,
        parameter_type=type(first).__name__,
        values=spec["values"],
        is_ordered=ordered,
    )


def _sum(constraint: dict[str, Any]) -> str:
    terms = " + ".join(f"{w!r} * {name}" for name, w in constraint["weights"].items())
    return f"{terms} {constraint['sense']} {constraint['bound']!r}"
