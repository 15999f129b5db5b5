"""What each proposal of a round is for: to use what is known, or to learn, and its expectation."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labloop.objectives import Objectives
from labloop.records import ExperimentState, Point, Prediction, Proposal, RoundRecord
from labloop.report.data import (
    Aims,
    CampaignData,
    ExperimentData,
    Scores,
    UncertaintyParts,
    interval,
    model_weights,
    readable,
    uncertainty_parts,
    with_unit,
)
from labloop.report.drawing import condition_text
from labloop.report.text.uncertainty import describe_sources, source_shares

_NEAR = 0.1
"""Share of the range of the results so far within which two of them are about as good."""

_KINDS = {
    "sure": "exploit",
    "near": "exploit",
    "better": "exploit",
    "maybe": "explore",
    "never": "explore",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalExplanation:
    """One proposal of a round in words."""

    place: int
    """Which of the round, from 1."""
    experiment: int | None
    """Number of the experiment that it became."""
    point: Point
    conditions: str
    kind: str
    """``exploit`` (use what is known), ``explore`` (learn) or ``start`` (there was no model)."""
    sentence: str
    predicted: Mapping[str, Prediction]
    parts: Mapping[str, UncertaintyParts]
    source: str
    """The greatest part of the uncertainty; empty where it was not kept."""
    outcome: str
    """What came of it, in words; empty while it is under way."""


def explain_proposals(data: CampaignData, asked: RoundRecord) -> tuple[ProposalExplanation, ...]:
    """Return what each proposal of a round was for, against the results from before it."""
    parts = uncertainty_parts(asked.fit_report)
    physics = bool(model_weights(asked.fit_report, "physics"))
    past = trials_before(data, asked)
    seen = [t.scores for t in past if t.scores is not None and t.feasible]
    made = {
        t.record.proposal_index: t for t in data.experiments if t.record.round_index == asked.index
    }
    found = []
    for i, proposal in enumerate(asked.proposals):
        kind, verdict = _verdict(data, proposal, seen, len(past))
        known = {a.output for a in data.aims.items}
        mine = parts[i] if i < len(parts) else {}
        why = source_shares({name: p for name, p in mine.items() if name in known} or mine)
        experiment = made.get(i)
        rest = describe_sources(why, physics=physics)
        found.append(
            ProposalExplanation(
                place=i + 1,
                experiment=experiment.record.number if experiment else None,
                point=proposal.point,
                conditions=_conditions(data, proposal.point),
                kind=kind,
                sentence=f"{verdict}; {rest}." if rest else f"{verdict}.",
                predicted=proposal.predicted,
                parts=mine,
                source=next(iter(why), ""),
                outcome=_outcome(data, experiment, proposal) if experiment else "",
            )
        )
    return tuple(found)


def trials_before(data: CampaignData, asked: RoundRecord) -> list[ExperimentData]:
    """Return the ranked experiments that were planned before a round."""
    mine = [t.record.number for t in data.experiments if t.record.round_index == asked.index]
    first = min(mine, default=1 + max((t.record.number for t in data.experiments), default=0))
    return [t for t in data.ranked if t.record.number < first]


def _verdict(
    data: CampaignData, proposal: Proposal, seen: Sequence[Scores], results: int
) -> tuple[str, str]:
    """Return the kind of a proposal and what it is for, against the feasible results before it."""
    aims = data.aims
    if not proposal.model:
        return "start", f"no model asked for it ({proposal.reason})"
    known = {n: proposal.predicted[n] for n in aims.outputs if n in proposal.predicted}
    if aims.rules is None or len(known) < len(aims.outputs):
        return "explore", f"asked for without a prediction of the aim ({proposal.reason})"
    expected = "expected " + ", ".join(_expected(data, n, p) for n, p in known.items())
    kept, away = _chance(aims.rules, known), _away(proposal)
    if not seen and not results:
        return "explore", f"{expected}, with nothing measured before it"
    if not seen:
        return "explore", f"{expected}, made to find where results have {aims.demands}{kept}{away}"
    verdict = _against(aims, _ends(aims, known), seen)
    return _KINDS[verdict], f"{expected}, {_phrase(data, seen, verdict)}{kept}{away}"


def _chance(rules: Objectives, known: Mapping[str, Prediction]) -> str:
    """Return how likely a result keeps the outcome constraints; empty without any."""
    if not rules.constraints:
        return ""
    chance = 1.0
    for constraint in rules.constraints:
        expected, (low, high) = known[constraint.output], constraint.bounds
        below, above = (_share_below(expected, bound) for bound in (low, high))
        chance *= above - below
    kept = " and ".join(map(str, rules.constraints))
    return f"; with a chance of {100 * chance:.0f} % it has {kept}"


def _share_below(expected: Prediction, bound: float) -> float:
    if expected.sd <= 0 or math.isinf(bound):
        return float(expected.mean < bound)
    return 0.5 * (1.0 + math.erf((bound - expected.mean) / (expected.sd * math.sqrt(2.0))))


def _away(proposal: Proposal) -> str:
    """Return what the planner stays away from, and what a person wished of a proposal."""
    reason, _, wished = proposal.reason.partition("; asked for ")
    reason = reason.partition("; chosen by auto for ")[0]
    found = reason.partition("; stays away from ")[2]
    away = f"; away from {found}" if found else ""
    return f"{away}; asked for {wished}" if wished else away


def _against(aims: Aims, ends: tuple[Scores, Scores, Scores], seen: Sequence[Scores]) -> str:
    """Return how scores (worst end, expected, best end) stand against the results so far."""
    worst, middle, best = ends
    if not is_dominated(worst, seen):
        return "sure"
    if len(aims) == 1 and _near(seen, worst[0], middle[0], best[0]):
        return "near"
    if not is_dominated(middle, seen):
        return "better"
    return "never" if is_dominated(best, seen) else "maybe"


def _phrase(data: CampaignData, seen: Sequence[Scores], verdict: str) -> str:
    if len(data.aims) > 1:
        return {
            "sure": "a trade-off that no result so far matches, at either end of the intervals",
            "better": "a trade-off that no result so far matches",
            "maybe": "beaten by a result so far, but so uncertain that it may be a new trade-off",
            "never": "beaten by a result so far at either end of the intervals: made to learn",
        }[verdict]
    top = max(seen)
    best = next(t for t in data.ranked if t.scores == top)
    aim = data.aims.items[0]
    value = with_unit(best.scalars[aim.output].value, aim.unit)
    return {
        "sure": f"even at the worse end better than the best so far ({value})",
        "near": f"about as good as the best so far ({value}), which it refines",
        "better": f"better than the best so far ({value}), though not surely",
        "maybe": f"worse than the best so far ({value}), but so uncertain that it may beat it",
        "never": f"worse than the best so far ({value}) even at the better end: made to learn",
    }[verdict]


def is_dominated(scores: Scores, seen: Sequence[Scores]) -> bool:
    """Return whether a result so far is as good in every aim."""
    return any(all(b >= s for b, s in zip(other, scores, strict=True)) for other in seen)


def _ends(aims: Aims, known: Mapping[str, Prediction]) -> tuple[Scores, Scores, Scores]:
    """Return the scores at the worse end, in the middle and at the better end, aim by aim."""
    if aims.rules is None:
        raise ValueError("a campaign without an objective has no scores")
    low, middle, high = (
        aims.rules.score({n: getattr(p, end) for n, p in known.items()})
        for end in ("low", "mean", "high")
    )
    best = list(map(max, low, middle, high))
    for i, aim in enumerate(aims.items):
        if aim.value is not None and known[aim.output].low <= aim.value <= known[aim.output].high:
            best[i] = 0.0
    return tuple(map(min, low, high)), middle, tuple(best)


def _near(seen: Sequence[Scores], worst: float, middle: float, best: float) -> bool:
    values = [s[0] for s in seen]
    small = _NEAR * (max(values) - min(values))
    return abs(middle - max(values)) <= small and best - worst <= 2 * small


def _expected(data: CampaignData, name: str, predicted: Prediction) -> str:
    unit = data.units.get(name, "1")
    spread = interval(predicted.low, predicted.high)
    return f"{readable(name)} {with_unit(predicted.mean, unit)} ({spread})"


def _conditions(data: CampaignData, point: Point) -> str:
    units = {axis.name: axis.unit for axis in data.axes}
    return ", ".join(
        f"{readable(name)} {condition_text(value, units.get(name, '1'))}"
        for name, value in point.items()
    )


def _outcome(data: CampaignData, experiment: ExperimentData, proposal: Proposal) -> str:
    if experiment.lost:
        return f"{experiment.record.state.value}: {experiment.record.reason}".removesuffix(": ")
    if experiment.record.state is not ExperimentState.DONE:
        return ""
    parts = []
    for aim in data.aims.items:
        value, predicted = experiment.scalars.get(aim.output), proposal.predicted.get(aim.output)
        if value is None:
            continue
        side = ""
        if predicted is not None:
            inside = predicted.low <= value.value <= predicted.high
            side = ", as expected" if inside else ", outside of the interval"
        parts.append(f"{readable(aim.output)} {with_unit(value.value, aim.unit)}{side}")
    return "; ".join(parts)
