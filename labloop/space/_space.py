"""The search space as a person declares it and as a strategy asks it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray, Json, Point, canonical_json, list_of
from labloop.space._encoded import EncodedConstraint, encoded_constraints
from labloop.space._from_json import items_from_spec
from labloop.space._reading import (
    always_used,
    check_point,
    completed,
    legal_codes,
    measured_codes,
    refuse_unknown_names,
)
from labloop.space.constraints import Condition, Forbidden, Nonlinear, Only
from labloop.space.parameters import Continuous, Feature, Parameter, is_list
from labloop.space.sampling import (
    MAX_CANDIDATES,
    Candidates,
    Item,
    Sampler,
    build_structure,
    count_combinations,
    decode,
    enumerate_points,
    with_exact_sums,
)

Kind: TypeAlias = Literal["pool", "product", "box", "mixed"]


class SearchSpace:
    """Parameters, at most one pool, and constraints between them.

    Immutable. A legal point is one within all bounds and constraints; one is found when the
    space is built (see ``sampling.legal_points``).

    Args:
        items: ``Continuous``, ``Integer``, ``Ordered``, ``Categorical``, ``Pool`` and
            ``Mixture``; ``Linear``, ``Subset``, ``Conditional``, ``Forbidden`` and ``Nonlinear``;
            in any order. Columns follow the order of the parameters.

    Raises:
        SpaceError: an item cannot be used, or the constraints exclude every point; the
            sentence names the constraints at fault.
    """

    def __init__(self, *items: Item) -> None:
        self._items = items
        self._structure = build_structure(items)
        # Computed now, so that a space without a legal point is never built.
        self._known_legal = self._structure.known_legal

    def __repr__(self) -> str:
        return f"SearchSpace({', '.join(map(repr, self._items))})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SearchSpace):
            return NotImplemented
        return canonical_json(self.spec()) == canonical_json(other.spec())

    def __hash__(self) -> int:
        return hash(canonical_json(self.spec()))

    @property
    def items(self) -> tuple[Item, ...]:
        """What the space was built from."""
        return self._items

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters; those of pools and mixtures stand where their item stands."""
        return self._structure.parameters

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters' names."""
        return tuple(p.name for p in self.parameters)

    @property
    def dimension(self) -> int:
        """How many encoded columns there are, ``d``."""
        return sum(p.width for p in self.parameters)

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """What each encoded column means, in order."""
        found: list[Feature] = []
        for parameter in self.parameters:
            found.extend(parameter.features(len(found)))
        return tuple(found)

    @cached_property
    def kind(self) -> Kind:
        """``pool`` and ``product``: ``candidates()`` lists all points, with or without a pool;
        ``box``: numbers on a continuum (or a grid too fine to list); ``mixed``: the rest.
        """  # noqa: D205 - four kinds in one sentence
        if self.candidates() is not None:
            return "product" if self._structure.pool is None else "pool"
        if self._structure.pool is None and all(isinstance(p, Continuous) for p in self.parameters):
            return "box"
        return "mixed"

    @property
    def size(self) -> int | None:
        """How many legal points there are; None for a continuum or where nobody can count."""
        if self._listed is not None:
            return len(self._listed)
        structure = self._structure
        if structure.rules or len(structure.system) > len(structure.blocks):
            return None
        return count_combinations(structure, len(self._known_legal.rows))

    @property
    def constrained(self) -> bool:
        """Whether anything but the parameters' own bounds and grids excludes points."""
        return bool(len(self._structure.system) or self._structure.rules)

    @property
    def code_missing(self) -> tuple[str, ...]:
        """The constraints whose function is missing, because no file holds it.

        They count as kept: such a space shows points, and is not to propose any.
        """
        functions = (item for item in self._items if isinstance(item, Nonlinear))
        return tuple(str(item) for item in functions if item.function is None)

    @property
    def nonrepeatable(self) -> bool:
        """Whether a point can be used once only: the space has a pool that is not reusable."""
        return self._structure.pool is not None and not self._structure.pool.reusable

    @cached_property
    def _listed(self) -> FloatArray | None:
        return enumerate_points(self._structure)

    def validate(self, point: Mapping[str, Any]) -> Point:
        """Return ``point`` with a float, int or text for each parameter.

        Quantities are converted to the declared units. A number that differs from a legal one by
        less than 1e-9 of the range becomes that one.

        Raises:
            SpaceError: the point is not legal; the message names the first fault.
        """
        codes = np.array([self._code(point)])
        if self._structure.pool is not None and self._structure.row_of(codes[0]) is None:
            shown = {n: point[n] for n in self._structure.pool.columns}
            raise SpaceError(f"no row of the pool holds {shown}; choose one of its rows")
        broken = np.flatnonzero(self._structure.system.broken(codes)[0])
        if len(broken):
            raise SpaceError(
                f"{dict(point)} breaks the constraint "
                f"'{self._structure.system.labels[broken[0]]}'; change one of its parameters"
            )
        label = self._structure.rules.first_broken(codes[0])
        if label is not None:
            raise SpaceError(
                f"{dict(point)} breaks the constraint '{label}'; change one of its parameters"
            )
        return self._points(with_exact_sums(self._structure, codes))[0]

    def placed(self, point: Mapping[str, Any], asked: Mapping[str, Any] | None = None) -> Point:
        """Return a point that was carried out, which may lie outside of the space.

        A legal point is returned as ``validate`` returns it. In any other, numbers are kept as
        they are, beyond bounds, between steps or against a constraint, so that a model can still
        learn from what was measured there.

        Args:
            point: the conditions that were reached.
            asked: those that were asked for, where they are known: bounds that were wider then
                are no reason to forget.

        Raises:
            SpaceError: a parameter is missing or unknown, a text is none of the categories, or
                a number lies farther from the bounds, and from what was asked for, than the
                bounds lie apart.
        """
        try:
            return self.validate(point)
        except SpaceError:
            refuse_unknown_names(self._structure, point)
        codes = self._measured_codes([point])
        wanted = [None] * len(codes[0]) if asked is None else self._measured_codes([asked])[0]
        for parameter, code, wish in zip(self._structure.parameters, codes[0], wanted, strict=True):
            parameter.refuse_far(code, wish)
        return self._points(codes)[0]

    def completed(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Return a point with the values of conditional parameters that it has no use for.

        What else is missing stays missing; nothing is checked.
        """
        return completed(self._structure, point)

    def edited(self, point: Mapping[str, Any], changes: Mapping[str, Any]) -> Point:
        """Return a point with some values changed; what it has no use for then falls away.

        Raises:
            SpaceError: the new point is not legal.
        """
        try:
            return self.validate({**point, **changes})
        except SpaceError:
            with suppress(SpaceError):
                return self.validate({**always_used(self._structure, point), **changes})
            # The first reason speaks of what was given.
            raise

    def contains(self, point: Mapping[str, Any]) -> bool:
        """Return whether ``point`` is legal."""
        try:
            self.validate(point)
        except SpaceError:
            return False
        return True

    def restricted(
        self,
        fixed: Condition | None = None,
        avoid: Condition | Sequence[Condition] | None = None,
    ) -> "SearchSpace":
        """Return the part of the space where ``fixed`` holds and nothing of ``avoid`` does.

        Parameters and their encoding stay, so that models of the whole space serve the part.

        Args:
            fixed: parameter -> a value, a list of values, or a range ``(low, high)``.
            avoid: combinations to stay away from, told alike: one, or a list of them.

        Raises:
            SpaceError: no such parameter or value, or no legal point is left.
        """
        extra = [Only(fixed)] if fixed else []
        if not extra and not avoid:
            return self
        try:
            return SearchSpace(*self._items, *extra, *map(Forbidden, _conditions(avoid or ())))
        except SpaceError as error:
            words = "; ".join(map(str, [*extra, *map(Forbidden, _conditions(avoid or ()))]))
            raise SpaceError(f"no question can be asked with {words}: {error}") from error

    def listing(self, points: Sequence[Point]) -> "SearchSpace":
        """Return the space that holds these points alone, encoded as they are here.

        Raises:
            SpaceError: no point, or one that is not legal here.
        """
        if not points:
            raise SpaceError("a list of points needs at least one")
        codes = np.array([self._code(self.validate(point)) for point in points])
        _, first = np.unique(codes, axis=0, return_index=True)
        made = object.__new__(SearchSpace)
        made._items = self._items
        rules = replace(self._structure.rules, listed=codes[np.sort(first)])
        made._structure = replace(self._structure, rules=rules)
        made._known_legal = made._structure.known_legal
        return made

    def sample(self, n: int, seed: int, exclude: Sequence[Point] = ()) -> list[Point]:
        """Return ``n`` legal points spread over the space, none of them in ``exclude``.

        Points of a scrambled Sobol sequence, mapped to legal ones; the same for the same seed.
        Points of a finite space repeat only when all were returned; rows of a pool that is not
        reusable never do.

        Raises:
            SpaceExhaustedError: not enough points are left.
        """
        gone = [self._code(p) for p in exclude if self._fits(p)]
        excluded = np.array(gone, dtype=np.float64).reshape(len(gone), len(self.parameters))
        return self._points(Sampler(self._structure, self._listed).draw(n, seed, excluded))

    def candidates(self, limit: int | None = None) -> Candidates | None:
        """Return every legal point, or None where they are more than ``limit`` or a continuum.

        The limit is a million, or the rows of the pool where these are more.
        """
        most = max(MAX_CANDIDATES, len(self._known_legal.rows)) if limit is None else limit
        if self._listed is None or len(self._listed) > most:
            return None
        return self._candidates

    @cached_property
    def _candidates(self) -> Candidates:
        listed = self._listed if self._listed is not None else np.zeros((0, 0))
        return Candidates(listed, self._encode, self._points, self._code)

    def encode(self, points: Sequence[Point]) -> FloatArray:
        """Return ``n x d`` float64, in [0, 1] for legal points.

        Constraints are not checked, and numbers beyond the bounds are encoded below 0 or above
        1, however far, so that every point that ``placed`` accepts can be encoded.

        Raises:
            SpaceError: a value is missing, or has no place in the space.
        """
        if not is_list(points):
            raise SpaceError(f"points come as a list of mappings, got {points!r:.200}")
        return self._encode(self._measured_codes(points))

    def decode(self, encoded: FloatArray) -> list[Point]:
        """Return a legal point near each of ``n x d`` encoded ones.

        Numbers on a grid and categories are rounded to the nearest value, a pool to its nearest
        row; a point that then breaks a constraint is moved to one that does not.

        Raises:
            SpaceError: another number of columns, or NaN or infinity in them.
        """
        columns = np.asarray(encoded, dtype=np.float64)
        if columns.ndim != 2 or columns.shape[1] != self.dimension:
            raise SpaceError(f"expected n x {self.dimension} columns, got shape {columns.shape}")
        if not np.isfinite(columns).all():
            raise SpaceError("encoded points must be finite, got NaN or infinity")
        return self._points(decode(self._structure, columns))

    def constraints_encoded(self) -> list[EncodedConstraint] | None:
        """Return mixtures and linear constraints over encoded columns.

        None where one of them names a log parameter, so that it is not linear there, or where
        there are constraints of other kinds.
        """
        return encoded_constraints(self._structure)

    def refuse_outputs(self, names: Sequence[str]) -> None:
        """Raise SpaceError where a declared output is a parameter as well."""
        both = [name for name in names if name in self.names]
        if both:
            raise SpaceError(
                f"{', '.join(both)} is declared as an output and is a parameter as well; rename "
                f"one, or leave the column out of the pool's columns={{...}}"
            )

    def spec(self) -> dict[str, Json]:
        """Return the space as plain JSON; a pool is written with all of its rows."""
        return {"schema": 1, "items": [item.spec() for item in self._items]}

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> "SearchSpace":
        """Return the space that ``spec()`` wrote; raises SpaceError."""
        return cls(*items_from_spec(spec))

    def _encode(self, codes: FloatArray) -> FloatArray:
        return self._structure.encode(codes)

    def _points(self, codes: FloatArray) -> list[Point]:
        columns = [p.values_of(codes[:, i]) for i, p in enumerate(self.parameters)]
        names = self.names
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    def _code(self, point: Mapping[str, Any]) -> FloatArray:
        return legal_codes(self._structure, point)

    def _measured_codes(self, points: Sequence[Mapping[str, Any]]) -> FloatArray:
        for point in points:
            check_point(point)
        return measured_codes(self._structure, points)

    def _fits(self, point: Mapping[str, Any]) -> bool:
        try:
            self._code(point)
        except SpaceError:
            return False
        return True


def _conditions(avoid: Condition | Sequence[Condition]) -> Sequence[Condition]:
    given = [avoid] if isinstance(avoid, Mapping) else avoid
    return list_of(given, "what is avoided", "{'solvent': 'DMF'}, or a list of such", SpaceError)
