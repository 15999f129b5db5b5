"""What a round leaves undecided, each with the result that would decide it."""

from collections.abc import Mapping, Sequence

from labloop.records import Json
from labloop.report.data import (
    LearnedConstant,
    MissingTerm,
    model_weights,
    readable,
)
from labloop.report.text.alarms import AlarmGroup
from labloop.report.text.descriptions import AS_WIDE, DECIDED, UNDECIDED, percent, relevant_terms
from labloop.report.text.proposals import ProposalExplanation


def find_open_questions(
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
    if competing and round(100 * share) in UNDECIDED:
        found.append(
            f"With {percent(share)} on physics the next few results may turn the scale to either "
            "side."
        )
    ranked = list(competing.items())
    if len(ranked) > 1 and ranked[0][1] < DECIDED * share:
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
    wide = [c.name for c in constants if c.left is not None and c.left >= AS_WIDE]
    if not wide:
        return []
    them = "it" if len(wide) == 1 else "them"
    sentence = (
        f"{', '.join(wide)}: the results so far say hardly anything; experiments whose outputs "
        f"depend on {them} could still move {them} anywhere within what was believed."
    )
    return [sentence]


def _about_proposals(asks: Sequence[ProposalExplanation]) -> list[str]:
    models = [p for p in asks if p.source == "between"]
    known = [p.source for p in asks if p.source]
    if models:
        which = ", ".join(_called(p) for p in models)
        return [
            f"The models disagree most at {which}: what is measured there shifts their weights."
        ]
    if known and set(known) == {"noise"}:
        sentence = (
            "What is unsure of this round's proposals is mostly noise: more of such experiments "
            "change little, repeats make the best one surer."
        )
        return [sentence]
    return []


def _called(purpose: ProposalExplanation) -> str:
    if purpose.experiment is None:
        return f"proposal {purpose.place}"
    return f"experiment {purpose.experiment}"
