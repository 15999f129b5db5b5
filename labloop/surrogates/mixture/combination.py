"""Which fitted members predict: those with physics only where the results prove one."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from labloop.records import Alarm, FloatArray, Json, ModelState
from labloop.surrogates._base import FittedSurrogate, TrainingData
from labloop.surrogates.mixture.physics_alarms import physics_alarms
from labloop.surrogates.mixture.physics_report import (
    CandidatePhysics,
    learned_parameters,
    missing_terms,
)
from labloop.surrogates.mixture.weights import weigh_members
from labloop.surrogates.posteriors import MixtureModel

SCHEMA = 3
"""Of a mixture's stored state."""
_SMALLEST_WEIGHT = 0.02
"""Members of less weight do not predict."""


def combined(
    name: str,
    plain: FittedSurrogate,
    candidates: Sequence[CandidatePhysics],
    data: TrainingData,
    alarms: list[Alarm],
    began: float,
    without: Callable[[], FittedSurrogate],
) -> FittedSurrogate:
    """Return the mixture of fitted members.

    Where no physics is proven, the surrogate that there would be without any predicts alone.

    Args:
        name: what reports call the mixture.
        plain: the member without physics, against which the others are weighed.
        candidates: the physics models with their members.
        data: what all of them were fitted to.
        alarms: raised while they were fitted.
        began: ``time.perf_counter()`` at the begin of the fit, for the report.
        without: fits the surrogate that there would be without physics.
    """
    members = [plain, *(m for f in candidates for m in (*f.members, *f.hybrids))]
    weighed = weigh_members(members, candidates, data)
    weights = weighed.weights
    share = {m.name: float(w) for m, w in zip(members, weights, strict=True)}
    led = bool(candidates) and weighed.lead.proven
    report: dict[str, Json] = {
        "weights": dict(share),
        "members": {m.name: dict(m.report) for m in members},
    }
    if candidates:
        believed = max(candidates, key=lambda candidate: candidate.weight(share))
        lead = weighed.lead
        report["lead"] = {"total": lead.total, "error": lead.error, "proven": lead.proven}
        report["physics"] = {f.name: f.weight(share) for f in candidates}
        report["parameters"] = learned_parameters(believed, share)
        report["missing"] = [term.json() for term in missing_terms(believed, data)]
        alarms = [
            *alarms,
            *physics_alarms(candidates, share, 1.0 - float(weighed.evidence[0]), data),
        ]
    found = _mixed(members, weights) if led else without()
    report["seconds"] = time.perf_counter() - began
    return replace(
        found,
        name=name,
        slacks=plain.slacks if led else found.slacks,
        without=without if led else None,
        lead=weighed.lead.sure,
        report=report,
        state=joined_state(members, weights),
        alarms=tuple(alarms),
    )


def _mixed(members: Sequence[FittedSurrogate], weights: FloatArray) -> FittedSurrogate:
    """Return what members of some weight predict together."""
    kept = [i for i, w in enumerate(weights) if w >= _SMALLEST_WEIGHT]
    counted = weights[kept] / weights[kept].sum()
    logs = torch.stack([members[i].loo_log_density for i in kept])
    return FittedSurrogate(
        model=MixtureModel([members[i].model for i in kept], [float(w) for w in counted]),
        name="mixture",
        loo_log_density=torch.logsumexp(logs + torch.tensor(np.log(counted))[:, None], dim=0),
    )


def joined_state(members: Sequence[FittedSurrogate], weights: FloatArray) -> ModelState:
    """Return the state of all members, the arrays of each under its name."""
    arrays: dict[str, FloatArray] = {"weights": weights}
    described: dict[str, Json] = {"members": [m.name for m in members]}
    for member in members:
        if member.state is not None:
            described[member.name] = {
                "kind": member.state.kind,
                "schema": member.state.schema,
                "data": dict(member.state.data),
            }
            arrays.update({f"{member.name}/{k}": a for k, a in member.state.arrays.items()})
    return ModelState(kind="mixture", schema=SCHEMA, data=described, arrays=arrays)
