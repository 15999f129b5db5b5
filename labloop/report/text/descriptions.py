"""What a model learned and what its physics is missing, in words."""

from collections.abc import Mapping, Sequence

from labloop.records import Json
from labloop.report.data import (
    LearnedConstant,
    MissingTerm,
    missing_terms,
    model_weights,
    number,
    readable,
    unit_text,
    with_unit,
)

RELEVANT_EFFECT = 0.05
"""From this effect on (standard deviations of the outputs) a missing term is told."""


AS_WIDE, SHARPER = 0.8, 0.5


DECIDED = 0.9


_STEADY = 0.9
"""Share of all change that the change from end to end must be, to say that a term rises."""


UNDECIDED = range(20, 81)


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
    sentences = [
        f"Models with physics count {percent(share)}, the model without {percent(1 - share)}"
    ]
    sentences.append(_worth(share))
    sentences += _unproven(report)
    if len(competing) > 1:
        sentences.append(_rivals(competing))
    varying = sum(w for name, w in members.items() if name.endswith("constants that vary"))
    if varying > SHARPER and relevant_terms(report):
        sentences.append(
            f"Most of the weight ({percent(varying)}) lies on constants that vary over the space, "
            "which no constant of nature does: see what is missing"
        )
    return ". ".join(sentences) + "."


def _unproven(report: Mapping[str, Json]) -> list[str]:
    """Return that the physics does not lead the search, and by how much it falls short."""
    lead = report.get("lead")
    if not isinstance(lead, Mapping) or lead.get("proven", True):
        return []
    total, error = (number(float(str(lead[name])), 2) for name in ("total", "error"))
    known = f"lead in log density {total} +- {error}"
    return [f"The results do not prove it ({known}), so the model without physics proposes"]


def _worth(share: float) -> str:
    if round(100 * share) in UNDECIDED:
        return "Whether the physics helps is not decided"
    helps = share > SHARPER
    return (
        "Unseen results are predicted better with physics than without"
        if helps
        else "Unseen results are predicted worse with physics than without"
    )


def _rivals(competing: Mapping[str, float]) -> str:
    (first, share), (second, other) = list(competing.items())[:2]
    whole = sum(competing.values()) or 1.0
    if share >= DECIDED * whole:
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
    if left >= AS_WIDE:
        text = "hardly better known than before"
    elif left >= SHARPER:
        text = "somewhat better known than before"
    else:
        text = f"known {number(1 / max(left, 1e-3), 2)} times better than before"
    return f"{text}, outside of what was believed" if constant.outside else text
