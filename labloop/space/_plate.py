"""Plates: which experiments lie side by side, and what they must have in common."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labloop.errors import SpaceError
from labloop.records import Json, Point, PointValue, list_of, well_name
from labloop.space._space import SearchSpace

_MOST = 10_000
"""More wells than any plate has."""
_TRIED = 256
"""So many combinations of values that wells share are tried with each control."""


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters that have one value in each group of places.

    Attributes:
        parameters: their names.
        of: the number of the group of each place.
    """

    parameters: tuple[str, ...]
    of: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The wells of one plate: what stands where, before anybody chose the points.

    Attributes:
        places: for each point to be chosen, the wells in which it stands; one, or one a replicate.
        groups: which places share values.
        at_most: parameter -> how many of its values the plate may hold.
        controls: well -> the control in it.
    """

    places: tuple[tuple[str, ...], ...]
    groups: tuple[Group, ...]
    at_most: Mapping[str, int]
    controls: Mapping[str, Point]
    control_groups: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Well with a control -> its number in each of ``groups``."""

    @property
    def wells(self) -> bool:
        """Whether the places are wells of a plate, not just places of a batch."""
        return bool(self.places) and bool(self.places[0])

    @classmethod
    def free(cls, n: int) -> "Layout":
        """Return ``n`` places without wells and rules."""
        return cls(((),) * n, (), {}, {})


@dataclass(frozen=True, kw_only=True)
class Plate:
    """A plate of wells with the rules of the lab, for ``CampaignSpec(plate=...)``.

    Example::

        Plate(
            rows=8, columns=12,
            shared=["temperature"], at_most={"solvent": 4},
            controls=[{"ligand": "XPhos", "solvent": "DMF"}], replicates=2,
        )

    Attributes:
        rows: A, B, ... from top to bottom.
        columns: 1, 2, ... from left to right.
        shared: parameters with one value on the whole plate, such as its temperature.
        per_row: parameters with one value a row.
        per_column: parameters with one value a column.
        per_block: parameters with one value a block.
        block: rows and columns of a block, which divide those of the plate.
        at_most: parameter -> how many of its values a plate may hold, controls included.
        controls: points that stand on every plate, without what is shared: a list, which fills
            the last wells, or a mapping from wells to points.
        replicates: in how many wells each point stands.
        empty: wells that stay empty.

    Raises:
        SpaceError: a rule that cannot be kept; the sentence says which.
    """

    rows: int = 8
    columns: int = 12
    shared: Sequence[str] = ()
    per_row: Sequence[str] = ()
    per_column: Sequence[str] = ()
    per_block: Sequence[str] = ()
    block: tuple[int, int] | None = None
    at_most: Mapping[str, int] = field(default_factory=dict)
    controls: Sequence[Point] | Mapping[str, Point] = ()
    replicates: int = 1
    empty: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("rows", "columns", "replicates"):
            _whole(getattr(self, name), name)
        if self.rows * self.columns > _MOST:
            raise SpaceError(
                f"a plate of {self.rows} x {self.columns} wells is larger than {_MOST} wells; "
                "declare one plate, and let each round be one"
            )
        for name in ("shared", "per_row", "per_column", "per_block", "empty"):
            names = list_of(
                getattr(self, name),
                f"{name}= of a plate, a list of names,",
                "['a', 'b']",
                SpaceError,
            )
            strange = [one for one in names if not isinstance(one, str)]
            if strange:
                raise SpaceError(f"{name}= of a plate is a list of names, got {strange[0]!r}")
        self._check_block()
        self._check_names()
        if not isinstance(self.at_most, Mapping):
            raise SpaceError(f"at_most is written as {{'solvent': 4}}, got {self.at_most!r}")
        for name, most in self.at_most.items():
            _whole(most, f"at_most[{name!r}]")
        self._check_wells()
        spare = self.size - len(self.controls)
        if spare < self.replicates or not self.layout(self.size).places:
            raise SpaceError(
                f"no well is left for a point: {self.rows} x {self.columns} wells, "
                f"{len(self.controls)} controls, {len(tuple(self.empty))} empty, "
                f"{self.replicates} replicates; take a larger plate or fewer of them"
            )

    @property
    def size(self) -> int:
        """How many wells may be filled."""
        return self.rows * self.columns - len(tuple(self.empty))

    @property
    def wells(self) -> list[str]:
        """The names of the wells that may be filled, row by row."""
        every = (well_name(r, c) for r in range(self.rows) for c in range(self.columns))
        return [well for well in every if well not in set(self.empty)]

    def layout(self, n: int) -> Layout:
        """Return what stands where when ``n`` wells are filled, of a full plate fewer at most.

        Of few wells the controls take all but one point's.
        """
        controls = self._placed_controls(n)
        free = [w for w in self.wells if w not in controls][: max(n - len(controls), 0)]
        classes: dict[tuple[int, ...], list[str]] = {}
        for well in free:
            classes.setdefault(self._class_of(well), []).append(well)
        places = [
            (key, tuple(wells[i :: len(wells) // self.replicates][: self.replicates]))
            for key, wells in classes.items()
            for i in range(len(wells) // self.replicates)
        ]
        order = {well: i for i, well in enumerate(self.wells)}
        places.sort(key=lambda place: order[place[1][0]])
        rules = list(self._rules())
        groups = tuple(
            Group(tuple(parameters), tuple(key[i] for key, _ in places))
            for i, (parameters, _) in enumerate(rules)
        )
        beside = {well: self._class_of(well) for well in controls}
        return Layout(tuple(w for _, w in places), groups, dict(self.at_most), controls, beside)

    def check(self, space: SearchSpace) -> None:
        """Raise SpaceError where the rules do not fit a space."""
        rules = [name for parameters, _ in self._rules() for name in parameters]
        for name in (*rules, *self.at_most):
            if name not in space.names:
                raise SpaceError(
                    f"the plate has a rule for {name!r}, which the space does not have; "
                    f"it has {', '.join(space.names)}"
                )
        if space.nonrepeatable and (self.replicates > 1 or self.controls):
            raise SpaceError(
                "the pool's rows can be used once only, so a plate of it has neither replicates "
                "nor controls; declare the pool with reusable=True, or leave them out"
            )
        self._check_controls(space, rules)

    def spec(self) -> dict[str, Json]:
        """Return the plate as plain JSON."""
        controls: Json = [dict(point) for point in self._control_points]
        if isinstance(self.controls, Mapping):
            controls = {well: dict(point) for well, point in self.controls.items()}
        made: dict[str, Json] = {"rows": self.rows, "columns": self.columns}
        for name in ("shared", "per_row", "per_column", "per_block", "empty"):
            made[name] = list(getattr(self, name))
        made["block"] = None if self.block is None else list(self.block)
        made["at_most"] = dict(self.at_most)
        made["controls"] = controls
        made["replicates"] = self.replicates
        return made

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> "Plate":
        """Return the plate that ``spec()`` wrote; raises SpaceError."""
        block = spec["block"]
        return cls(**{**spec, "block": None if block is None else (block[0], block[1])})

    def _rules(self) -> Iterator[tuple[Sequence[str], int]]:
        """Give the parameters of each rule, and which of ``_numbers`` says the group."""
        every = (self.shared, self.per_row, self.per_column, self.per_block)
        for i, parameters in enumerate(every):
            if parameters:
                yield parameters, i

    def _class_of(self, well: str) -> tuple[int, ...]:
        """Return the group of a well by each rule."""
        row, column = self._position(well)
        down, across = self.block or (self.rows, self.columns)
        block = (row // down) * (self.columns // across) + column // across
        numbers = (0, row, column, block)
        return tuple(numbers[i] for _, i in self._rules())

    def _position(self, well: str) -> tuple[int, int]:
        letters = well.rstrip("0123456789")
        row = 0
        for letter in letters:
            row = row * 26 + ord(letter) - 64
        return row - 1, int(well[len(letters) :]) - 1

    def _placed_controls(self, n: int) -> dict[str, Point]:
        most = max(0, n - self.replicates)
        if isinstance(self.controls, Mapping):
            return dict(list(self.controls.items())[:most])
        taken = list(self.controls)[:most]
        last = self.wells[:n][len(self.wells[:n]) - len(taken) :]
        return dict(zip(last, taken, strict=True))

    def _check_block(self) -> None:
        if (self.block is None) != (not self.per_block):
            raise SpaceError(
                "per_block names what is the same in a block, and block=(rows, columns) says how "
                "large one is; give both or neither"
            )
        if self.block is None:
            return
        if not isinstance(self.block, (tuple, list)) or len(self.block) != 2:
            raise SpaceError(f"block is (rows, columns), got {self.block!r}")
        for value in self.block:
            _whole(value, "block")
        if self.rows % self.block[0] or self.columns % self.block[1]:
            raise SpaceError(
                f"blocks of {self.block[0]} x {self.block[1]} wells do not divide a plate of "
                f"{self.rows} x {self.columns}; take a size that does"
            )

    def _check_names(self) -> None:
        every = [name for parameters, _ in self._rules() for name in parameters]
        for name in every:
            if every.count(name) > 1:
                raise SpaceError(
                    f"{name!r} stands in two of shared, per_row, per_column and per_block; "
                    "leave it in one"
                )
        for name in self.shared:
            if name in self.at_most:
                raise SpaceError(
                    f"{name!r} is shared, so a plate holds one value of it; leave it out of at_most"
                )

    def _check_wells(self) -> None:
        every = {well_name(r, c) for r in range(self.rows) for c in range(self.columns)}
        named = self.controls if isinstance(self.controls, Mapping) else ()
        for what, wells in (("empty", self.empty), ("controls", named)):
            for well in wells:
                if well not in every:
                    raise SpaceError(
                        f"{what} names the well {well!r}; the wells are A1 to "
                        f"{well_name(self.rows - 1, self.columns - 1)}"
                    )
        for well in named:
            if well in set(self.empty):
                raise SpaceError(f"the well {well} is empty and holds a control; leave one out")
        if isinstance(self.controls, str) or not isinstance(self.controls, Iterable):
            raise SpaceError(f"controls is a list of points, got {self.controls!r}")
        for point in self._control_points:
            if not isinstance(point, Mapping):
                raise SpaceError(f"a control is a point such as {{'ligand': 'a'}}, got {point!r}")

    @property
    def _control_points(self) -> list[Point]:
        given = self.controls
        return list(given.values()) if isinstance(given, Mapping) else list(given)

    def _check_controls(self, space: SearchSpace, rules: Sequence[str]) -> None:
        for point in self._control_points:
            given = [name for name in rules if name in point]
            if given:
                raise SpaceError(
                    f"the control {dict(point)} gives {', '.join(given)}, which its wells share; "
                    "leave it out, so that it takes the value of its well"
                )
            for values in _shared_values(space, rules):
                try:
                    space.validate({**point, **values})
                except SpaceError as error:
                    beside = f" beside {values}" if values else ""
                    raise SpaceError(
                        f"the control {dict(point)} is not legal{beside}: {error}"
                    ) from None
        for name, most in self.at_most.items():
            used = {point[name] for point in self._control_points if name in point}
            if len(used) > most:
                raise SpaceError(
                    f"the controls alone hold {len(used)} values of {name!r} and at_most allows "
                    f"{most}; allow more, or choose other controls"
                )


def _shared_values(space: SearchSpace, names: Sequence[str]) -> list[dict[str, PointValue]]:
    """Return combinations of values that wells may share, as legal points hold them."""
    if not names:
        return [{}]
    candidates = space.candidates()
    if candidates is None:
        points = space.sample(min(_TRIED, space.size or _TRIED), 0)
    else:
        columns = [space.names.index(name) for name in names]
        first = np.unique(candidates.codes[:, columns], axis=0, return_index=True)[1]
        points = [candidates.point(int(i)) for i in first[:_TRIED]]
    return [{name: point[name] for name in names} for point in points]


def _whole(value: object, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SpaceError(f"{what} of a plate must be a whole number from 1, got {value!r}")
