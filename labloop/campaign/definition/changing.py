"""A definition changed by a few words of a person: bounds, levels, outputs, aims."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from labloop.campaign.definition.definition import CHANGES, Definition, with_spec
from labloop.campaign.definition.spec import CampaignSpec
from labloop.errors import CampaignError, DefinitionError
from labloop.objectives import Aim, Maximize, Minimize, OutcomeConstraint
from labloop.records import Json, Scalar, content_hash, numeral
from labloop.space import Categorical, Continuous, Integer, Mixture, Ordered, SearchSpace

AIMS: Mapping[str, type[Maximize] | type[Minimize]] = {"maximize": Maximize, "minimize": Minimize}
OUTPUT, DROP = "output", "drop"
_RANGE = "name=20..120, with an end left out that stays"
_LEVELS = "name=+this|-that"


def changed(definition: Definition, words: Mapping[str, str], command: int) -> Definition:
    """Return a definition with what a person wants otherwise from now on.

    Args:
        definition: what has counted so far.
        words: what is changed, as it was typed: a parameter with its new bounds
            (``temperature: "20..120"``) or with levels more and less (``solvent: "+NMP|-DMF"``),
            ``output: "impurity [%]"``, ``maximize`` or ``minimize`` with an output, ``drop`` with
            the output of an aim, an output with what it has to keep (``impurity: "..5"``).
        command: the number of the command that says so.

    Raises:
        CampaignError: something cannot be changed so.
        DefinitionError: what results is no definition, such as a space without a legal point.
    """
    spec = definition.spec
    for name, text in words.items():
        spec = _changed(spec, name, text)
    before = _fingerprint(definition.spec)
    made: dict[str, Json] = {"command": command, "words": dict(words), "before": before}
    return with_spec(replace(definition, changes=(*definition.changes, made)), spec)


def with_changes(definition: Definition, stored: Mapping[str, Json]) -> Definition:
    """Return a definition that was loaded with what persons changed since, as a spec keeps it.

    Where space, outputs or aims of the campaign file itself were edited meanwhile, the file counts.
    """
    changes: Any = stored.get(CHANGES) or ()
    if not changes or changes[0]["before"] != _fingerprint(definition.spec):
        return definition
    for change in changes:
        definition = changed(definition, change["words"], change["command"])
    return definition


def _fingerprint(spec: CampaignSpec) -> str:
    """Return a hash of all that can be changed by words."""
    as_json = spec.to_json()
    return content_hash([as_json[name] for name in ("space", "outputs", "objective")])


def _changed(spec: CampaignSpec, name: str, text: str) -> CampaignSpec:
    if name in spec.space.names:
        return replace(spec, space=_changed_space(spec.space, name, text))
    outputs = {output.name for output in spec.outputs}
    if name == OUTPUT:
        return replace(spec, outputs=(*spec.outputs, _output(text, outputs)))
    aims: dict[str, Aim] = {aim.output: aim for aim in spec.objectives.aims}
    if name in AIMS:
        aims[text] = AIMS[name](text)
        return replace(spec, objective=tuple(aims.values()))
    if name == DROP:
        if aims.pop(text, None) is None or not aims:
            raise CampaignError(
                f"{text!r} is not one of several aims; the aims are "
                f"{', '.join(map(str, spec.objectives.aims))}, and one has to stay"
            )
        return replace(spec, objective=tuple(aims.values()))
    if name in outputs:
        low, high = _ends(name, text)
        bound = OutcomeConstraint(name, at_least=low, at_most=high)
        others = [one for one in spec.constraints if one.output != name]
        return replace(spec, constraints=(*others, bound))
    raise CampaignError(
        f"{name!r} is no parameter and no output of the campaign; it has "
        f"{', '.join([*spec.space.names, *sorted(outputs)])}, and besides these there are "
        f"{', '.join([OUTPUT, *AIMS, DROP])}"
    )


def _output(text: str, known: set[str]) -> Scalar:
    name, _, unit = (part.strip() for part in text.rstrip("] ").partition("["))
    if name in known:
        raise CampaignError(f"the output {name!r} is declared already; leave it out")
    return Scalar(name, unit=unit or "1")


def _changed_space(space: SearchSpace, name: str, text: str) -> SearchSpace:
    items: list[Any] = list(space.items)
    for index, item in enumerate(items):
        if isinstance(item, Mixture) and name in item.parts:
            low, high = _bounds(name, text, item.parts[name])
            items[index] = replace(item, parts={**item.parts, name: (low, high)})
        elif isinstance(item, (Continuous, Integer)) and item.name == name:
            low, high = _bounds(name, text, (item.low, item.high))
            items[index] = replace(item, low=low, high=high)
        elif isinstance(item, Ordered) and item.name == name:
            numbers = [_number(name, value) for value in item.values]
            wanted = [(sign, _number(name, level)) for sign, level in _signed(name, text)]
            items[index] = replace(item, values=_levels(name, numbers, wanted))
        elif isinstance(item, Categorical) and item.name == name:
            items[index] = _changed_names(item, text)
    if items == list(space.items):
        raise CampaignError(
            f"{name}={text} changes nothing: it is so already, or {name!r} belongs to a pool, "
            "whose rows are changed in the campaign file: labloop resume NAME --changed FILE"
        )
    return SearchSpace(*items)


def _changed_names(item: Categorical, text: str) -> Categorical:
    values = _levels(item.name, list(item.values), _signed(item.name, text))
    known: Any = item.descriptors
    if known is None:
        return replace(item, values=values)
    bare = [value for value in values if value not in known]
    if bare:
        raise CampaignError(
            f"{item.name!r} is told by descriptors, and {', '.join(bare)} has none; add it with "
            "its descriptors in the campaign file: labloop resume NAME --changed FILE"
        )
    return replace(item, values=values, descriptors={value: known[value] for value in values})


def _signed(name: str, text: str) -> list[tuple[str, str]]:
    """Return sign and level of ``+NMP|-DMF``."""
    found = [(part.strip()[:1], part.strip()[1:].strip()) for part in text.split("|")]
    if any(sign not in "+-" or not sign or not level for sign, level in found):
        raise CampaignError(
            f"{name!r} has levels, which are added and taken away by {_LEVELS}, got {text!r}"
        )
    return found


def _levels(name: str, levels: Sequence[Any], wanted: Sequence[tuple[str, Any]]) -> list[Any]:
    made = list(levels)
    for sign, level in wanted:
        if (sign == "+") == (level in made):
            there = "is there already" if sign == "+" else "is not there"
            raise CampaignError(
                f"the level {level} of {name!r} {there}; the levels are {', '.join(map(str, made))}"
            )
        made = [*made, level] if sign == "+" else [one for one in made if one != level]
    return made


def _bounds(name: str, text: str, before: tuple[float, float]) -> tuple[Any, Any]:
    low, high = _ends(name, text)
    return before[0] if low is None else low, before[1] if high is None else high


def _ends(name: str, text: str) -> tuple[Any, Any]:
    low, dots, high = text.partition("..")
    if not dots or not (low.strip() or high.strip()):
        raise CampaignError(f"{name!r} is changed by its bounds, {_RANGE}, got {text!r}")
    return tuple(_number(name, end) if end.strip() else None for end in (low, high))  # type: ignore[return-value]  # two ends


def _number(name: str, value: str | float) -> float:
    try:
        return numeral(value) if isinstance(value, str) else value
    except DefinitionError as error:
        raise CampaignError(f"{name}: {error}") from error
