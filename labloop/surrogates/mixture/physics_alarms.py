"""Alarms about the physics, in the words of a chemist."""

from collections.abc import Mapping

import torch

from labloop.records import Alarm, Severity
from labloop.surrogates._base import TrainingData
from labloop.surrogates.members import DiscrepancyPosterior
from labloop.surrogates.mixture.physics_report import CandidatePhysics, missing_terms

_PINNED = 2.5
_EARLY = range(6, 13)
_BELIEVED = 0.5
_GAIN = 3.0
"""Lead in leave-one-out log density of varying over constant parameters, for an alarm."""
_FEWEST = 5
"""Fewer experiments cannot tell what varies along which input."""
_EFFECT = 0.1
_SURPRISE = 3.0
_RIVAL = 0.5


def failure_alarm(reason: str) -> Alarm:
    """Return the alarm of physics that could not be evaluated in this round."""
    return Alarm(
        kind="physics-failed",
        message=f"{reason}; this round went on without this physics",
        severity=Severity.WARNING,
    )


def physics_alarms(
    believed: CandidatePhysics, share: Mapping[str, float], evidence: float, data: TrainingData
) -> list[Alarm]:
    """Return every alarm about the physics that the data support most.

    Args:
        believed: the physics model of greatest weight.
        share: member -> weight.
        evidence: the weight of all physics together without penalties.
        data: the experiments.
    """
    return [
        *pinned_alarms(believed, share),
        *early_alarms(believed.name, len(data.outputs), evidence),
        *missing_alarms(believed, share, data),
        *rival_alarms(believed, share),
    ]


def pinned_alarms(candidate: CandidatePhysics, share: Mapping[str, float]) -> list[Alarm]:
    """Return an alarm for every parameter that was learned far from its prior."""
    alarms = []
    model, posteriors = candidate.channels.bound.model, candidate.constant_posteriors(share)
    for i, parameter in enumerate(model.parameters):
        z = max((float(posterior.z[i]) for posterior in posteriors), key=abs)
        if abs(z) > _PINNED:
            side = "above" if z > 0 else "below"
            value, prior = parameter.prior.natural(z), parameter.prior.median
            alarms.append(
                Alarm(
                    kind="physics-parameter",
                    message=(
                        f"physics {model.name!r}: {parameter.name} comes out as "
                        f"{_quantity(value, parameter.unit)}, {abs(z):.1f} prior standard "
                        f"deviations {side} the expected {prior:.3g}; either that prior is too "
                        "narrow, or the model is missing something that acts through "
                        f"{parameter.name}"
                    ),
                    data={"parameter": parameter.name, "prior_sds_off": z},
                )
            )
    return alarms


def early_alarms(name: str, experiments: int, weight: float) -> list[Alarm]:
    """Return an alarm where the physics explains early experiments worse than no physics.

    Later the weights say less, because a GP with many experiments needs no physics.
    """
    if experiments not in _EARLY or weight >= _BELIEVED:
        return []
    return [
        Alarm(
            kind="physics-wrong",
            message=(
                f"after {experiments} experiments physics {name!r} predicts a left-out "
                f"experiment worse than a model without physics (weight {weight:.2f}); check "
                "its reactions, its priors and what was fed"
            ),
            data={"weight": weight, "experiments": experiments},
        )
    ]


def missing_alarms(
    candidate: CandidatePhysics, share: Mapping[str, float], data: TrainingData
) -> list[Alarm]:
    """Return the alarm of a constant that predicts better when it may vary over the space.

    No value of the constants explains the experiments, so that the model lacks a term; the
    constant and the input that it seems to follow say where to look.
    """
    varying = candidate.varying
    if varying is None or len(data.outputs) < _FEWEST or _gain(candidate) < _GAIN:
        return []
    term = missing_terms(candidate, data)[0]
    if term.effect < _EFFECT:
        return []
    since = _since(candidate, share)
    told = "" if since is None else f", since the {since}. result"
    return [
        Alarm(
            kind="physics-missing",
            message=(
                f"physics {candidate.name!r} is missing something that acts through "
                f"{term.parameter}, mostly along {term.along}{told}: the experiments want "
                f"{term.parameter} between {min(term.value):.3g} and "
                f"{_quantity(max(term.value), term.unit)} along it, and a constant cannot"
            ),
            data={
                "parameter": term.parameter,
                "along": term.along,
                "effect": term.effect,
                "share": term.share,
                "since": since,
            },
        )
    ]


def rival_alarms(candidate: CandidatePhysics, share: Mapping[str, float]) -> list[Alarm]:
    """Return an alarm for every alternative set of constants that explains the experiments alike.

    The model may be right, but its constants are not identified yet.
    """
    alarms = []
    for posterior in candidate.constant_posteriors(share):
        rival = posterior.fit.rival if isinstance(posterior, DiscrepancyPosterior) else None
        if rival is None:
            continue
        rows = [
            f"{p.name} = {p.prior.natural(float(posterior.z[i])):.3g} or "
            f"{_quantity(p.prior.natural(float(rival[i])), p.unit)}"
            for i, p in enumerate(candidate.channels.bound.model.parameters)
            if abs(float(posterior.z[i]) - float(rival[i])) > _RIVAL
        ]
        alarms.append(
            Alarm(
                kind="physics-undecided",
                message=(
                    f"physics {candidate.name!r}: two sets of constants explain the experiments "
                    f"alike ({'; '.join(rows)}); an experiment for which they predict different "
                    "outputs would decide"
                ),
                severity=Severity.INFO,
                data={"rival": [float(v) for v in rival]},
            )
        )
    return alarms


def _quantity(value: float, unit: str) -> str:
    return f"{value:.3g}" if unit == "1" else f"{value:.3g} {unit}"


def _gain(candidate: CandidatePhysics) -> float:
    """Return the lead in leave-one-out log density of varying over the best constant parameters."""
    scores = {m.name: float(m.loo_log_density.sum()) for m in candidate.members}
    *constant, varying = scores.values()
    return varying - max(constant)


def _since(candidate: CandidatePhysics, share: Mapping[str, float]) -> int | None:
    """Return the first result that constant parameters did not predict, or None."""
    one_step_ahead_residuals = torch.cat(
        [
            posterior.one_step_ahead_residuals()
            for posterior in candidate.constant_posteriors(share)
        ],
        -1,
    )
    late = (one_step_ahead_residuals.abs().amax(-1) > _SURPRISE).nonzero().flatten().tolist()
    return next((i + 1 for i in late if i >= candidate.channels.bound.dimension), None)
