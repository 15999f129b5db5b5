"""What each column of a table of results means, told by its head."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, TypeAlias

from labloop.campaign.definition import CampaignSpec
from labloop.errors import CampaignError, UnitError
from labloop.records import Scalar
from labloop.units import convert

Kind: TypeAlias = Literal[
    "experiment", "mode", "state", "condition", "actual", "output", "sd", "note", "other"
]

_HEAD = re.compile(r"(.*?)\s*[(\[]\s*([^()\[\]]*?)\s*[)\]]", re.DOTALL)
_OWN = frozenset(
    {"number", "origin", "round", "proposal", "reason", "actor", "lab started (s)"}
    | {"lab finished (s)", "created", "finished", "feasible"}
)
"""Columns of an export that are labloop's own account and are not told again."""
_CUTOFF = 0.75
_ALIKE = {"experiment": 0.92}
"""How alike a head must be to be taken for a slip; an experimenter is no experiment."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its kind, what it is about, and the unit of its cells."""

    kind: Kind
    name: str
    """A parameter, an output, or the name of a note; the kind itself for labloop's own."""
    head: str
    """As it stands in the table."""
    unit: str = "1"
    declared: str = "1"
    """The unit in which it is kept."""

    @property
    def description(self) -> str:
        """What a person calls it: ``temperature``, ``the actual temperature``."""
        return {"actual": f"the actual {self.name}", "sd": f"the sd of {self.name}"}.get(
            self.kind, self.name
        )


def columns_of(
    header: Sequence[str], spec: CampaignSpec, table: str, *, outputs: bool = True
) -> list[Column]:
    """Return what each column means, in their order.

    A head is a parameter or an output, perhaps with a unit in brackets, ``actual`` and a
    parameter (what was reached), an output and ``sd`` (its standard deviation), ``experiment``
    or ``mode``. Whatever else there is becomes a note that is kept with the experiment.
    ``outputs`` says whether a column of an output is needed.

    Raises:
        CampaignError: the table as a whole does not fit, with all that is wrong: a column
            that looks like a slip of one that lacks, a column twice, a unit of another
            dimension, a parameter without a column.
    """
    exported = {"state", "origin", "number"} <= {head.strip() for head in header}
    known = _Known(spec)
    columns = [known.column(head, exported=exported) for head in header]
    lacking = [*_lacking(columns, spec), *(_no_output(columns, spec) if outputs else ())]
    wrong = [*known.wrong, *_twice(columns), *_slips(columns, spec), *lacking]
    if wrong:
        raise CampaignError(f"{table}: {'; '.join(wrong)}; nothing was stored")
    return columns


class _Known:
    """The names that a head may tell, and what was wrong with the units beside them."""

    def __init__(self, spec: CampaignSpec) -> None:
        self.wrong: list[str] = []
        outputs = {o.name: o.unit for o in spec.outputs if isinstance(o, Scalar)}
        self._named: dict[str, tuple[Kind, str, str]] = {
            **{f"actual {n}": ("actual", n, unit) for n, unit in spec.units.items()},
            **{f"{n} sd": ("sd", n, unit) for n, unit in outputs.items()},
            **{n: ("condition", n, unit) for n, unit in spec.units.items()},
            **{n: ("output", n, unit) for n, unit in outputs.items()},
        }

    def column(self, head: str, *, exported: bool) -> Column:
        """Return the column of a head; ``exported``: the table is one of labloop's own."""
        text = " ".join(head.split())
        if text in {"experiment", "mode"} or (exported and text == "state"):
            return Column(text, text, head)  # type: ignore[arg-type]  # each is a kind
        if exported and text in _OWN:
            return Column("other", text, head)
        if text == "well" and text not in self._named:
            return Column("other", text, head)
        matched = _HEAD.fullmatch(text)
        base, unit = (matched[1], matched[2]) if matched else (text, "")
        for name, written in ((text, ""), (base, unit)):
            if name in self._named:
                return self._declared(head, *self._named[name], written)
        return Column("note", text.removeprefix("raw "), head)

    def _declared(self, head: str, kind: Kind, name: str, declared: str, unit: str) -> Column:
        try:
            convert(1.0, unit or declared, declared)
        except UnitError as error:
            self.wrong.append(f"the column {head!r}: {error}")
        return Column(kind, name, head, unit or declared, declared)


def _twice(columns: Sequence[Column]) -> Iterable[str]:
    seen: set[tuple[str, str]] = set()
    for column in columns:
        key = (column.kind, column.name)
        if column.kind != "other" and key in seen and column.head:
            yield f"it has the column {column.head!r} twice, leave one out"
        seen.add(key)


def _slips(columns: Sequence[Column], spec: CampaignSpec) -> Iterable[str]:
    """Tell of notes that look like a column that the table lacks."""
    lacking = _lacking_names(columns, spec)
    for column in columns:
        if column.kind != "note" or not column.name:
            continue
        matched = _HEAD.fullmatch(column.name)
        base = (matched[1] if matched else column.name).casefold().replace("_", " ")
        actual = base.removeprefix("actual ") if base.startswith("actual ") else ""
        alike = _nearest(actual or base, spec.units if actual else lacking)
        if alike:
            wanted = f"actual {alike}" if actual else alike
            yield (
                f"the column {column.head!r} is neither declared nor clearly a note, did you mean "
                f"{wanted!r}? Write that, or call a note 'note {base}'"
            )


def _nearest(text: str, names: Iterable[str]) -> str | None:
    folded = {name.casefold().replace("_", " "): name for name in names}
    for found in get_close_matches(text, folded, n=1, cutoff=_CUTOFF):
        name = folded[found]
        if get_close_matches(text, [found], cutoff=_ALIKE.get(name, _CUTOFF)):
            return name
    return None


def _lacking_names(columns: Sequence[Column], spec: CampaignSpec) -> list[str]:
    there = {c.name for c in columns if c.kind in {"condition", "actual", "output", "experiment"}}
    outputs = [o.name for o in spec.outputs if isinstance(o, Scalar)]
    return [name for name in (*spec.units, *outputs, "experiment") if name not in there]


def _lacking(columns: Sequence[Column], spec: CampaignSpec) -> Iterable[str]:
    """Tell of parameters without a column, where rows can name no experiment instead."""
    kinds = {column.kind for column in columns}
    lacking = [name for name in _lacking_names(columns, spec) if name in spec.units]
    if lacking and "experiment" not in kinds:
        heads = ", ".join(repr(column.head) for column in columns)
        yield f"it has no column for {' and '.join(map(repr, lacking))}, its columns are {heads}"


def _no_output(columns: Sequence[Column], spec: CampaignSpec) -> Iterable[str]:
    if not {column.kind for column in columns} & {"output", "sd"}:
        names = ", ".join(o.name for o in spec.outputs if isinstance(o, Scalar))
        yield f"it has no column of an output ({names})"


def column_head(name: str, unit: str) -> str:
    """Return the head of a column as an export writes it; a unit of 1 is left out."""
    return name if unit == "1" else f"{name} ({unit})"


def proposal_header(spec: CampaignSpec) -> list[str]:
    """Return the heads of a table of experiments to be carried out, outputs last."""
    scalars: Mapping[str, str] = {o.name: o.unit for o in spec.outputs if isinstance(o, Scalar)}
    named = [*spec.units.items(), *scalars.items()]
    well = [] if spec.plate is None else ["well"]
    return ["experiment", "mode", *well, *(column_head(name, unit) for name, unit in named)]
