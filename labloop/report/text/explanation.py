"""What a round learned, asks and doubts, in a chemist's words, from what is stored of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labloop.errors import NotFoundError
from labloop.records import Alarm, Json, Repositories, RoundRecord
from labloop.report.data import (
    CampaignData,
    LearnedConstant,
    MissingTerm,
    interval,
    learned_constants,
    missing_terms,
    model_weights,
    number,
    read_campaign,
    readable,
    unit_text,
    with_unit,
)
from labloop.report.text.alarms import AlarmGroup, campaign_alarms
from labloop.report.text.purpose import ProposalExplanation, explain_proposals

RELEVANT_EFFECT = 0.05
"""From this effect on (standard deviations of the outputs) a missing term is told."""
_AS_WIDE, _SHARPER = 0.8, 0.5
_DECIDED = 0.9
_STEADY = 0.9
"""Share of all change that the change from end to end must be, to say that a term rises."""
_UNDECIDED = range(20, 81)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One round of a campaign in words, with the numbers behind them."""

    name: str
    mode: str
    round: int | None
    """The round that is explained; None where there is none yet."""
    results: int
    """How many results the campaign has now."""
    learned: str
    """How much the models with and without physics count, in words."""
    constants: tuple[LearnedConstant, ...]
    competing: Mapping[str, float]
    """Physics model -> weight."""
    members: Mapping[str, float]
    """Member of the mixture -> weight."""
    missing: str
    """How far the terms below are to be believed; empty without physics."""
    terms: tuple[MissingTerm, ...]
    """The terms that matter, the greatest effect first."""
    proposals: tuple[ProposalExplanation, ...]
    open_questions: tuple[str, ...]
    """What would change the mind."""
    alarms: tuple[AlarmGroup, ...]
    """The newest first, repeated ones folded."""


def explain(
    repositories: Repositories, campaign_id: str, round_index: int | None = None
) -> Explanation:
    """Return the explanation of one round, of the last one that has a model where none is named.

    Raises:
        NotFoundError: no campaign has this id, or it has no such round.
    """
    data = read_campaign(repositories, campaign_id)
    return explain_round(data, _asked(data, round_index))


def explain_round(data: CampaignData, asked: RoundRecord | None) -> Explanation:
    """Return the explanation of one round of the campaign whose data was read."""
    report = asked.fit_report if asked else {}
    alarms = campaign_alarms(data, asked.index if asked else None)
    asks = explain_proposals(data, asked) if asked else ()
    constants = learned_constants(report) or ()
    return Explanation(
        name=data.record.name,
        mode=data.record.mode.value,
        round=asked.index if asked else None,
        results=len(data.ranked),
        learned=f"{describe_support(report)}{_left_device(report)}" if report else _no_model(asked),
        constants=constants,
        competing=model_weights(report, "physics"),
        members=model_weights(report),
        missing=describe_missing(report, [d.kind for d in alarms if d.in_force]),
        terms=relevant_terms(report),
        proposals=asks,
        open_questions=_open_questions(report, constants, asks, alarms),
        alarms=alarms,
    )


def _left_device(report: Mapping[str, Json]) -> str:
    """Return why a physics was not solved where it should have been, a sentence each."""
    solving = report.get("solving")
    reasons = solving.get("given_up") if isinstance(solving, Mapping) else None
    told = reasons if isinstance(reasons, (list, tuple)) else ()
    return "".join(f" {str(reason)[:1].upper()}{str(reason)[1:]}." for reason in told)


def _asked(data: CampaignData, index: int | None) -> RoundRecord | None:
    """Return the round to explain: a named one must exist."""
    if index is None:
        fitted = [r for r in data.rounds if r.fit_report]
        rounds = fitted or data.rounds
        return rounds[-1] if rounds else None
    found = [r for r in data.rounds if r.index == index]
    if not found:
        known = [r.index for r in data.rounds]
        which = f"it has rounds {known[0]} to {known[-1]}" if known else "it has no round yet"
        raise NotFoundError(f"campaign {data.record.name!r} has no round {index}; {which}")
    return found[-1]


def _no_model(asked: RoundRecord | None) -> str:
    if asked is None:
        return "No round was asked for yet, so there is nothing to explain."
    if any(p.model for p in asked.proposals):
        return f"The strategy of round {asked.index} keeps no account of its model."
    why = next((p.reason for p in asked.proposals if p.reason), "")
    return f"Round {asked.index} had no fitted model" + (f": {why}." if why else ".")


def describe_support(report: Mapping[str, Json]) -> str:
    """Return how much the models with and without physics count, and which physics."""
    competing, members = model_weights(report, "physics"), model_weights(report)
    if not members:
        return (
            "The model of this campaign has no physics: it learns from the results alone, so "
            "there are no constants to tell."
        )
    if not competing:
        return "No physics could be used in this round; a model without physics stood in."
    share = sum(competing.values())
    told = [f"Models with physics count {percent(share)}, the model without {percent(1 - share)}"]
    told.append(_worth(share))
    if len(competing) > 1:
        told.append(_rivals(competing))
    varying = sum(w for name, w in members.items() if name.endswith("constants that vary"))
    if varying > _SHARPER and relevant_terms(report):
        told.append(
            f"Most of the weight ({percent(varying)}) lies on constants that vary over the space, "
            "which no constant of nature does: see what is missing"
        )
    return ". ".join(told) + "."


def _worth(share: float) -> str:
    if round(100 * share) in _UNDECIDED:
        return "Whether the physics helps is not decided"
    helps = share > _SHARPER
    return (
        "Unseen results are predicted better with physics than without"
        if helps
        else "Unseen results are predicted worse with physics than without"
    )


def _rivals(competing: Mapping[str, float]) -> str:
    (first, share), (second, other) = list(competing.items())[:2]
    whole = sum(competing.values()) or 1.0
    if share >= _DECIDED * whole:
        return f"Of {len(competing)} competing physics the data support {first!r}"
    return (
        f"The data lean to {first!r} ({percent(share)}) but do not rule out {second!r} "
        f"({percent(other)})"
    )


def percent(share: float) -> str:
    """Return a share in percent; never 0 or 100 for what is neither."""
    if 0 < share < 0.005:
        return "under 1 %"
    return "over 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def describe_member(name: str, competing: Mapping[str, float]) -> str:
    """Return what a member of the mixture is called: one without physics says so."""
    with_physics = any(name.startswith(f"{physics}, ") for physics in competing)
    return name if with_physics or not competing else f"without physics ({name})"


def relevant_terms(report: Mapping[str, Json]) -> tuple[MissingTerm, ...]:
    """Return the missing terms whose effect can be seen in the outputs."""
    return tuple(term for term in missing_terms(report) or () if term.effect >= RELEVANT_EFFECT)


def describe_missing(report: Mapping[str, Json], in_force: Sequence[str]) -> str:
    """Return how far what the physics is missing is to be believed; empty without physics.

    Args:
        report: what the model of the round says about itself.
        in_force: the kinds of the alarms of that round.
    """
    if not model_weights(report, "physics"):
        return ""
    if not relevant_terms(report):
        return "Nothing that would show in the outputs: the constants may stay constant."
    if "physics-missing" in in_force:
        return (
            "A model whose constants may vary over the space predicts unseen results clearly "
            "better than one whose constants may not."
        )
    return "A hint only: varying constants do not (yet) predict unseen results clearly better."


def describe_term(term: MissingTerm) -> str:
    """Return one missing term as a sentence."""
    along = readable(term.along)
    return (
        f"{readable(term.parameter)} seems {_shape(term)}; {percent(term.share)} of its variation "
        f"follows {along}, and it moves the outputs by {number(term.effect, 2)} of their standard "
        "deviation."
    )


def _shape(term: MissingTerm) -> str:
    along, value = readable(term.along), term.value
    unit = unit_text(term.unit)
    top, low = (term.x[value.index(f(value))] for f in (max, min))
    ends = [number(value[0]), number(value[-1])]
    if term.categories:
        return (
            f"highest for {top} ({number(max(value))} {unit}".rstrip()
            + f") and lowest for {low} ({number(min(value))})"
        )
    if abs(value[-1] - value[0]) >= _STEADY * (max(value) - min(value)):
        way = "rise" if value[-1] > value[0] else "fall"
        return f"to {way} with {along}, from {' to '.join(ends)} {unit}".rstrip()
    inner, kind = (low, "smallest") if top in {term.x[0], term.x[-1]} else (top, "greatest")
    spread = f"between {number(min(value))} and {number(max(value))} {unit}".rstrip()
    return f"{kind} near {along} {with_unit(inner, term.along_unit)}, {spread}"


def describe_constant(constant: LearnedConstant) -> str:
    """Return what was learned of one constant, in a few words."""
    left = constant.left
    if left is None:
        return "nothing was believed before"
    if left >= _AS_WIDE:
        told = "hardly better known than before"
    elif left >= _SHARPER:
        told = "somewhat better known than before"
    else:
        told = f"known {number(1 / max(left, 1e-3), 2)} times better than before"
    return f"{told}, outside of what was believed" if constant.outside else told


def _open_questions(
    report: Mapping[str, Json],
    constants: Sequence[LearnedConstant],
    asks: Sequence[ProposalExplanation],
    alarms: Sequence[AlarmGroup],
) -> tuple[str, ...]:
    """Return what is undecided, each with the result that would decide it."""
    if not report:
        return ("There is no fitted model yet, so every result counts.",) if asks else ()
    held = [d for d in alarms if d.in_force]
    found = [*_about_models(report), *_about_constants(constants), *_about_proposals(asks)]
    if any(d.kind == "physics-missing" for d in held):
        found += [_about_term(term) for term in relevant_terms(report)[:1]]
    found += [d.message + "." for d in held if d.kind == "physics-undecided"]
    others = [f"{d.kind} ({d.when})" for d in held if d.kind != "physics-undecided"]
    if others:
        found.append(f"Alarms in force: {', '.join(others)}; they are told below.")
    return tuple(found)


def _about_models(report: Mapping[str, Json]) -> list[str]:
    competing = model_weights(report, "physics")
    share = sum(competing.values())
    found = []
    if competing and round(100 * share) in _UNDECIDED:
        found.append(
            f"With {percent(share)} on physics the next few results may turn the scale to either "
            "side."
        )
    ranked = list(competing.items())
    if len(ranked) > 1 and ranked[0][1] < _DECIDED * share:
        found.append(
            f"An experiment for which {ranked[0][0]!r} and {ranked[1][0]!r} predict different "
            "outputs would decide between them."
        )
    return found


def _about_term(term: MissingTerm) -> str:
    return (
        f"A physics in which {readable(term.parameter)} need not vary (because a step or an effect "
        f"that follows {readable(term.along)} is added to it) would take the weight, if it is "
        "right; give it beside this one, and the data choose."
    )


def _about_constants(constants: Sequence[LearnedConstant]) -> list[str]:
    wide = [c.name for c in constants if c.left is not None and c.left >= _AS_WIDE]
    if not wide:
        return []
    them = "it" if len(wide) == 1 else "them"
    told = (
        f"{', '.join(wide)}: the results so far say hardly anything; experiments whose outputs "
        f"depend on {them} could still move {them} anywhere within what was believed."
    )
    return [told]


def _about_proposals(asks: Sequence[ProposalExplanation]) -> list[str]:
    models = [p for p in asks if p.source == "between"]
    known = [p.source for p in asks if p.source]
    if models:
        which = ", ".join(_called(p) for p in models)
        return [
            f"The models disagree most at {which}: what is measured there shifts their weights."
        ]
    if known and set(known) == {"noise"}:
        told = (
            "What is unsure of this round's proposals is mostly noise: more of such experiments "
            "change little, repeats make the best one surer."
        )
        return [told]
    return []


def _called(purpose: ProposalExplanation) -> str:
    if purpose.experiment is None:
        return f"proposal {purpose.place}"
    return f"experiment {purpose.experiment}"


def paragraph(report: Mapping[str, Json], alarms: Sequence[Alarm]) -> str:
    """Return a round in one paragraph: what counts, the constants, what is missing, alarms.

    For a place where the campaign's rows are not at hand; empty where there is nothing to tell.
    """
    told = [describe_support(report)] if report else []
    sharp = [c for c in learned_constants(report) or () if c.left is not None and c.left < _SHARPER]
    if sharp:
        told.append("Learned: " + "; ".join(_short(c) for c in sharp) + ".")
    if model_weights(report, "physics"):
        found = relevant_terms(report)[:1]
        told += [describe_term(term) for term in found]
    told += [f"Alarm {alarm.kind}: {alarm.message}." for alarm in alarms]
    return " ".join(told)


def _short(constant: LearnedConstant) -> str:
    unit = unit_text(constant.unit)
    return f"{constant.name} {interval(constant.low, constant.high)} {unit}".rstrip()
