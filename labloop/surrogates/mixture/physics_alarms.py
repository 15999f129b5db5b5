"""Alarms about the physics, in the words of a chemist."""

from collections.abc import Mapping, Sequence

import torch

from labloop.physics import PhysicsModel
from labloop.records import Alarm, Severity
from labloop.surrogates._base import TrainingData
from labloop.surrogates.members import DiscrepancyPosterior
from labloop.surrogates.mixture.consequences import (
    Misfit,
    Shift,
    deciding_experiment,
    misfit_of_constants,
    shift_by_rival,
    shift_by_varying,
)
from labloop.surrogates.mixture.physics_report import CandidatePhysics, missing_terms

_PINNED = 2.5
_FIRST, _EARLY = 6, 12
_BELIEVED = 0.5
_HOPELESS = 0.02
"""Weight of physics below which it is told to be wrong at any number of results."""
_COMPETES = 0.25
"""Share of the weight of all physics from which a second model is a question."""
_GAIN = 3.0
"""Lead in leave-one-out log density of varying over constant parameters, for an alarm."""
_FEWEST = 5
"""Fewer experiments cannot tell what varies along which input."""
_EFFECT = 0.1
_MUCH = 0.1
"""Share of the outputs' variance from which what is missing is much: slightly incomplete physics
left 0.0004 to 0.03 in six of seven campaigns that rang, physics with a fault 0.12 and more."""
_TOLD = 0.001
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
    candidates: Sequence[CandidatePhysics],
    share: Mapping[str, float],
    evidence: float,
    data: TrainingData,
) -> list[Alarm]:
    """Return every alarm about the physics that the data support most, those that weigh most first.

    Of physics that the data reject nothing is undecided: another set of its constants, or another
    model beside it, is no question then.

    Args:
        candidates: the competing physics models.
        share: member -> weight.
        evidence: the weight of all physics together without penalties.
        data: the experiments.
    """
    ranked = sorted(candidates, key=lambda candidate: -candidate.weight(share))
    believed = ranked[0]
    found = [
        *wrong_alarms(believed.channels.bound.model, len(data.outputs), evidence),
        *missing_alarms(believed, share, data),
        *pinned_alarms(believed, share),
    ]
    if evidence >= _BELIEVED:
        found += [*competing_alarms(ranked, share, data), *rival_alarms(believed, share, data)]
    return sorted(found, key=lambda alarm: -float(str(alarm.data.get("changes", 0.0))))


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
                    data={
                        "physics": model.name,
                        "parameter": parameter.name,
                        "prior_sds_off": z,
                    },
                )
            )
    return alarms


def wrong_alarms(model: PhysicsModel, experiments: int, weight: float) -> list[Alarm]:
    """Return an alarm where the physics explains experiments worse than no physics.

    Of many experiments a GP needs no physics, so that the weights say less: then the physics must
    be far behind.

    Args:
        model: the physics.
        experiments: how many results there are.
        weight: of all physics together, without penalties.
    """
    least = _BELIEVED if experiments <= _EARLY else _HOPELESS
    if experiments < _FIRST or weight >= least:
        return []
    check = getattr(model, "check_first", "its equations, its units and its priors")
    return [
        Alarm(
            kind="physics-wrong",
            message=(
                f"after {experiments} experiments physics {model.name!r} predicts a left-out "
                f"experiment worse than a model without physics (weight {weight:.2f}); check "
                f"{check}"
            ),
            data={
                "physics": model.name,
                "weight": weight,
                "experiments": experiments,
                "changes": 1.0 - weight,
            },
        )
    ]


def missing_alarms(
    candidate: CandidatePhysics, share: Mapping[str, float], data: TrainingData
) -> list[Alarm]:
    """Return the alarm of a constant that predicts better when it may vary over the space.

    No value of the constants explains the experiments, so that the model lacks a term; the
    constant and the input that it seems to follow say where to look. Constants that vary may
    predict better only because they leave less to noise, so what constants leave must be more
    than noise as well. Where that is little, it is for information.
    """
    varying = candidate.varying
    if varying is None or len(data.outputs) < _FEWEST or _gain(candidate) < _GAIN:
        return []
    term = missing_terms(candidate, data)[0]
    left = misfit_of_constants(candidate, varying, share)
    if term.effect < _EFFECT or (left is not None and not left.beyond_noise):
        return []
    since = _since(candidate, share)
    told = "" if since is None else f", since the {since}. result"
    shift = shift_by_varying(candidate, varying, share, data)
    return [
        Alarm(
            kind="physics-missing",
            message=(
                f"physics {candidate.name!r} is missing something that acts through "
                f"{term.parameter}, mostly along {term.along}{told}: the experiments want "
                f"{term.parameter} between {min(term.value):.3g} and "
                f"{_quantity(max(term.value), term.unit)} along it, and a constant cannot"
                f"{_left_in_words(left)}{_shift_in_words(shift, data)}"
            ),
            severity=Severity.INFO if left and left.share < _MUCH else Severity.WARNING,
            data={
                "physics": candidate.name,
                "parameter": term.parameter,
                "along": term.along,
                "effect": term.effect,
                "share": term.share,
                "since": since,
                "unexplained": None if left is None else left.share,
                "changes": 0.0 if shift is None else shift.changes,
            },
        )
    ]


def _left_in_words(left: Misfit | None) -> str:
    if left is None:
        return ""
    little = "only " if left.share < _MUCH else ""
    share = "under 0.1" if left.share < _TOLD else f"{100 * left.share:.2g}"
    return f"; constants leave {little}{share} % of the variance of the outputs unexplained"


def _shift_in_words(shift: Shift | None, data: TrainingData) -> str:
    """Return how the best place moves; nothing where that is unknown."""
    if shift is None:
        return ""
    moved = shift.words(data)
    return f"; with it the best place is expected at {moved}" if moved else "; the best place stays"


def competing_alarms(
    ranked: Sequence[CandidatePhysics], share: Mapping[str, float], data: TrainingData
) -> list[Alarm]:
    """Return an alarm where two physics models explain the experiments nearly alike."""
    if len(ranked) < 2 or len(data.outputs) < _FEWEST:
        return []
    weights = [candidate.weight(share) for candidate in ranked]
    if weights[1] < _COMPETES * sum(weights):
        return []
    first, second = ((c.channels, c.constant_posteriors(share)[0].z) for c in ranked[:2])
    decision = deciding_experiment(first, second, data)
    if decision is None:
        return []
    return [
        Alarm(
            kind="physics-undecided",
            message=(
                f"physics {ranked[0].name!r} and {ranked[1].name!r} both explain the experiments "
                f"(weights {weights[0]:.2f} and {weights[1]:.2f}); an experiment for which they "
                f"differ would decide, {decision.words(data)}"
            ),
            severity=Severity.INFO,
            data={
                "parameter": f"{ranked[0].name}, {ranked[1].name}",
                "experiment": dict(decision.point),
            },
        )
    ]


def rival_alarms(
    candidate: CandidatePhysics, share: Mapping[str, float], data: TrainingData
) -> list[Alarm]:
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
        both = (posterior.z, torch.as_tensor(rival, dtype=torch.float64))
        channels = candidate.channels
        decision = deciding_experiment((channels, both[0]), (channels, both[1]), data)
        shift = shift_by_rival(channels, both, data)
        which = "" if decision is None else f", {decision.words(data)}"
        alarms.append(
            Alarm(
                kind="physics-undecided",
                message=(
                    f"physics {candidate.name!r}: two sets of constants explain the experiments "
                    f"alike ({'; '.join(rows)}); an experiment for which they predict different "
                    f"outputs would decide{which}"
                ),
                severity=Severity.INFO,
                data={
                    "rival": [float(v) for v in rival],
                    "experiment": None if decision is None else dict(decision.point),
                    "changes": 0.0 if shift is None else shift.changes,
                },
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
