"""Whether a lab has the stations that a campaign's recipe asks for, found out by its source."""

import ast
import inspect
from collections.abc import Iterator
from typing import Any

from labloop.campaign.definition import Definition, code_of, source_file
from labloop.errors import CampaignError, LabloopError
from labloop.lab import LabFile, load_lab_file


def require_stations(definition: Definition, lab_file: LabFile) -> None:
    """Raise CampaignError where the recipe asks for stations that the lab does not have."""
    mistakes = list(station_mistakes(definition.spec.recipe, lab_file))
    if mistakes:
        raise CampaignError(f"{'; '.join(mistakes)}. Nothing was sent")


def check_stations(definition: Definition) -> list[str]:
    """Return the mistakes of a campaign; none where its lab file cannot be read."""
    if definition.lab_file is None:
        return []
    try:
        lab_file = load_lab_file(definition.lab_file)
    except LabloopError:
        return []
    return list(station_mistakes(definition.spec.recipe, lab_file))


def station_mistakes(recipe: object, lab_file: LabFile) -> Iterator[str]:
    """Yield a sentence for each ``lab.any`` and ``lab.all`` that this lab cannot serve.

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
    if method not in {"any", "all"}:
        return
    given = {keyword.arg for keyword in call.keywords}
    kinds = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    known = list(lab_file.stations) + (list(lab_file.devices) if method == "all" else [])
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
