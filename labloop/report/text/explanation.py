"""What a round learned, what it asks for and its alarms, in words, from its stored record."""

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
    model_weights,
    read_campaign,
    unit_text,
)
from labloop.report.text.alarms import AlarmGroup, campaign_alarms
from labloop.report.text.descriptions import (
    SHARPER,
    describe_missing,
    describe_support,
    describe_term,
    relevant_terms,
)
from labloop.report.text.open_questions import find_open_questions
from labloop.report.text.proposals import ProposalExplanation, explain_proposals


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
    """What is undecided, each with the result that would decide it."""
    alarms: tuple[AlarmGroup, ...]
    """Those in force first, by what they would change; then the newest. Repeated ones folded."""


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
        open_questions=find_open_questions(report, constants, asks, alarms),
        alarms=alarms,
    )


def _left_device(report: Mapping[str, Json]) -> str:
    """Return why a physics was not solved where it should have been, a sentence each."""
    solving = report.get("solving")
    reasons = solving.get("given_up") if isinstance(solving, Mapping) else None
    listed = reasons if isinstance(reasons, (list, tuple)) else ()
    return "".join(f" {str(reason)[:1].upper()}{str(reason)[1:]}." for reason in listed)


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


def paragraph(report: Mapping[str, Json], alarms: Sequence[Alarm]) -> str:
    """Return a round in one paragraph: what counts, the constants, what is missing, alarms.

    For a place where the campaign's rows are not at hand; empty where there is nothing to tell.
    """
    sentences = [describe_support(report)] if report else []
    sharp = [c for c in learned_constants(report) or () if c.left is not None and c.left < SHARPER]
    if sharp:
        sentences.append("Learned: " + "; ".join(_short(c) for c in sharp) + ".")
    if model_weights(report, "physics"):
        found = relevant_terms(report)[:1]
        sentences += [describe_term(term) for term in found]
    sentences += [f"Alarm {alarm.kind}: {alarm.message}." for alarm in alarms]
    return " ".join(sentences)


def _short(constant: LearnedConstant) -> str:
    unit = unit_text(constant.unit)
    return f"{constant.name} {interval(constant.low, constant.high)} {unit}".rstrip()
