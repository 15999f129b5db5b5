"""Whether a lab has the stations and things that a recipe asks for, found out by its source."""

import ast
import inspect
from collections.abc import Iterator
from typing import Any

from labloop.campaign.checks.calibrations import lab_file_of_campaign
from labloop.campaign.definition import Definition, code_of, source_file
from labloop.errors import CampaignError, LabloopError
from labloop.lab import LabFile


def require_stations(definition: Definition, lab_file: LabFile) -> None:
    """Raise CampaignError where the recipe asks for stations that the lab does not have."""
    mistakes = list(station_mistakes(definition.spec.recipe, lab_file))
    if mistakes:
        raise CampaignError(f"{'; '.join(mistakes)}. Nothing was sent")


def check_stations(definition: Definition) -> list[str]:
    """Return the mistakes of a campaign; none where its lab file cannot be read."""
    try:
        lab_file = lab_file_of_campaign(definition)
    except LabloopError:
        return []
    return [] if lab_file is None else list(station_mistakes(definition.spec.recipe, lab_file))


def station_mistakes(recipe: object, lab_file: LabFile) -> Iterator[str]:
    """Yield a sentence for each station, consumable and place that this lab does not have.

    Every function of the recipe's file is read that calls the lab by the recipe's name for it.
    What is no text in the source, such as ``lab.any(kind)``, is found out when it runs.

    Args:
        recipe: an ``async def (lab, x)``.
        lab_file: the stations there are.
    """
    file, lab = source_file(recipe), _name_of_lab(recipe)
    if file is None or not lab:
        return
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        called = node.func
        if isinstance(called.value, ast.Name) and called.value.id == lab:
            for sentence in _mistakes(node, called.attr, lab_file):
                yield f"{file.name}, line {node.lineno}: {sentence}"


def _name_of_lab(recipe: Any) -> str:
    try:
        return next(iter(inspect.signature(code_of(recipe)).parameters), "")
    except (TypeError, ValueError):
        return ""


def _mistakes(call: ast.Call, method: str, lab_file: LabFile) -> Iterator[str]:
    if method in {"any", "all"}:
        yield from _wrong_stations(call, method, lab_file)
    elif method == "use":
        yield from _wrong_use(call, lab_file)
    elif method in {"sample", "move"}:
        yield from _wrong_place(call, method, lab_file)


def _wrong_use(call: ast.Call, lab_file: LabFile) -> Iterator[str]:
    """Yield what is wrong with ``lab.use("name", ...)``, as far as it is text in the source."""
    name, what = (*(_text(each) for each in call.args[:2]), "", "")[:2]
    known = lab_file.used_up
    if name and name not in known:
        yield (
            f"it uses {name!r}, which {lab_file.source} does not declare: it has "
            f"{', '.join(known) or 'nothing that is used up'}; add [consumables.{name}]"
        )
    elif name and what and what not in known[name].places:
        places = known[name].places
        there = f"they go from {places[0]} to {places[-1]}" if places else "it has an amount"
        yield f"there is no place {what!r} of {name}: {there}"


def _wrong_place(call: ast.Call, method: str, lab_file: LabFile) -> Iterator[str]:
    """Yield a place of ``lab.sample(...)`` or ``lab.move(...)`` that the lab does not have."""
    if method == "move":
        given = call.args[1:2]
    else:
        given = [keyword.value for keyword in call.keywords if keyword.arg == "place"]
    for place in (_text(each) for each in given):
        if place and place not in lab_file.sample_places:
            yield (
                f"it puts a sample into {place!r}, which is no place of {lab_file.source}: places "
                "are devices, stations, wells of plates and what [places.<name>] declares"
            )


def _text(node: ast.expr) -> str:
    """Return a text of the source; empty where it is anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _wrong_stations(call: ast.Call, method: str, lab_file: LabFile) -> Iterator[str]:
    given = {keyword.arg for keyword in call.keywords}
    kinds = [kind for each in call.args if (kind := _text(each))]
    known = [*lab_file.stations, *lab_file.plates]
    known += list(lab_file.devices) if method == "all" else []
    for kind in kinds:
        if kind not in known:
            yield (
                f"it needs stations {kind!r}, and {lab_file.source} has none: it has "
                f"{', '.join(known) or 'no stations'}; add [stations.{kind}] with a count"
            )
        elif kind in lab_file.stations and not given & {"setting", "settings", None}:
            parameter = lab_file.stations[kind].rules().parameter
            if parameter:
                yield (
                    f"a use of {kind} needs its {parameter}, since [stations.{kind}] has a "
                    f"change_over: lab.any({kind!r}, setting=x.{parameter})"
                )
