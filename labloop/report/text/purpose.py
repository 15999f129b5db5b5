"""What a proposal is for, in words: to use what is known, or to learn, and what is unsure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labloop.records import ExperimentState, Json, Point, Prediction, Proposal, RoundRecord
from labloop.report.data import (
    Aims,
    CampaignData,
    Scores,
    Trial,
    UncertaintyParts,
    interval,
    model_weights,
    readable,
    uncertainty_parts,
    with_unit,
)
from labloop.report.drawing import condition_text

_MOST = 0.5
_NEAR = 0.1
"""Share of the range of the results so far within which two of them are about as good."""

_SOURCES = {
    "noise": "noise: a repeat would differ as much",
    "parameters": "what is not known of the constants",
    "discrepancy": "what the physics may miss here",
    "between": "that the models disagree: this experiment will tell which is right",
}
_WITHOUT_PHYSICS = {"discrepancy": "what the results so far leave open here"}
_KINDS = {
    "sure": "exploit",
    "near": "exploit",
    "better": "exploit",
    "maybe": "explore",
    "never": "explore",
}
_SHORT = {
    "noise": "noise",
    "parameters": "the constants",
    "discrepancy": "what the physics misses",
    "between": "disagreement of the models",
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
    seen = [t.scores for t in trials_before(data, asked) if t.scores is not None]
    made = {t.record.proposal_index: t for t in data.trials if t.record.round_index == asked.index}
    found = []
    for i, proposal in enumerate(asked.proposals):
        kind, told = _verdict(data, proposal, seen)
        known = {a.output for a in data.aims.items}
        mine = parts[i] if i < len(parts) else {}
        why = source_shares({name: p for name, p in mine.items() if name in known} or mine)
        trial = made.get(i)
        rest = describe_sources(why, physics=physics)
        found.append(
            ProposalExplanation(
                place=i + 1,
                experiment=trial.record.number if trial else None,
                point=proposal.point,
                conditions=_conditions(data, proposal.point),
                kind=kind,
                sentence=f"{told}; {rest}." if rest else f"{told}.",
                predicted=proposal.predicted,
                parts=mine,
                source=next(iter(why), ""),
                outcome=_outcome(data, trial, proposal) if trial else "",
            )
        )
    return tuple(found)


def trials_before(data: CampaignData, asked: RoundRecord) -> list[Trial]:
    """Return the ranked trials that were planned before a round."""
    mine = [t.record.number for t in data.trials if t.record.round_index == asked.index]
    first = min(mine, default=1 + max((t.record.number for t in data.trials), default=0))
    return [t for t in data.ranked if t.record.number < first]


def source_shares(parts: Mapping[str, UncertaintyParts]) -> dict[str, float]:
    """Return shares of the variance by where they come from, the mean over the outputs."""
    if not parts or not any(p.sd for p in parts.values()):
        return {}
    found = {n: sum(p.shares[n] for p in parts.values()) / len(parts) for n in _SOURCES}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def describe_sources(part_shares: Mapping[str, float], *, physics: bool) -> str:
    """Return where the uncertainty comes from, in words; empty where it is not known."""
    if not part_shares:
        return ""
    told = _SOURCES if physics else _SOURCES | _WITHOUT_PHYSICS
    short = _SHORT if physics else _SHORT | {"discrepancy": "what the results leave open"}
    (first, share), (second, _) = list(part_shares.items())[:2]
    if share >= _MOST:
        return f"most of the uncertainty is {told[first]}"
    return f"its uncertainty is mainly {short[first]} and {short[second]}"


def describe_uncertainty(report: Mapping[str, Json]) -> tuple[str, ...]:
    """Return for each proposal of a round where its uncertainty comes from, over all outputs."""
    physics = bool(model_weights(report, "physics"))
    return tuple(
        describe_sources(source_shares(p), physics=physics) for p in uncertainty_parts(report)
    )


def _verdict(data: CampaignData, proposal: Proposal, seen: Sequence[Scores]) -> tuple[str, str]:
    aims = data.aims
    if not proposal.model:
        return "start", f"no model asked for it ({proposal.reason})"
    predicted = [proposal.predicted.get(aim.output) for aim in aims.items]
    if aims.rules is None or not predicted or None in predicted:
        return "explore", f"asked for without a prediction of the aim ({proposal.reason})"
    known = {a.output: p for a, p in zip(aims.items, predicted, strict=True) if p is not None}
    expected = "expected " + ", ".join(_expected(data, n, p) for n, p in known.items())
    if not seen:
        return "explore", f"{expected}, with nothing measured before it"
    verdict = _against(aims, _ends(aims, known), seen)
    return _KINDS[verdict], f"{expected}, {_phrase(data, seen, verdict)}"


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


def _outcome(data: CampaignData, trial: Trial, proposal: Proposal) -> str:
    if trial.lost:
        return f"{trial.record.state.value}: {trial.record.reason}".removesuffix(": ")
    if trial.record.state is not ExperimentState.DONE:
        return ""
    told = []
    for aim in data.aims.items:
        value, predicted = trial.scalars.get(aim.output), proposal.predicted.get(aim.output)
        if value is None:
            continue
        side = ""
        if predicted is not None:
            inside = predicted.low <= value.value <= predicted.high
            side = ", as expected" if inside else ", outside of the interval"
        told.append(f"{readable(aim.output)} {with_unit(value.value, aim.unit)}{side}")
    return "; ".join(told)
