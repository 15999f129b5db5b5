"""Reaction strings, read strictly: ``A + N -> P``, ``2 A -> B``, ``A + C -> P + C``."""

import itertools
import operator
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from labloop.errors import PhysicsError

_TERM = re.compile(r"(?:([1-9])\s*\*?\s+|([1-9])\s*\*\s*)?([A-Za-z][A-Za-z0-9_]*)")
_HIGHEST_ORDER = 3
_MOST_SPECIES = 8


@dataclass(frozen=True, slots=True)
class Reaction:
    """One irreversible elementary step: species -> whole stoichiometric coefficient."""

    text: str
    reactants: Mapping[str, int]
    products: Mapping[str, int]

    @property
    def order(self) -> int:
        """The sum of the reactants' coefficients: the step follows mass action."""
        return sum(self.reactants.values())

    @property
    def rate_unit(self) -> str:
        """The SI unit of its rate constant: mol/m^3/s over concentration^order."""
        return rate_unit(self.order)


def rate_unit(order: int) -> str:
    """Return the SI unit of a rate constant of a whole order from 0 to 3."""
    return ("mol/m^3/s", "1/s", "m^3/mol/s", "m^6/mol^2/s")[order]


def parse_reaction(text: str, *, elementary: bool = True) -> Reaction:
    """Return the reaction that ``text`` names; raises PhysicsError with what to write.

    One that is not elementary has a rate law of its own, and may be of any order; what comes from
    outside or leaves has an empty side: ``-> P``, ``A ->``.
    """
    if not isinstance(text, str):
        raise PhysicsError(f"a reaction must be a text such as 'A + N -> P', got {text!r}")
    if "<" in text or "=" in text:
        raise PhysicsError(
            f"reaction {text!r} goes both ways; write it as two reactions with '->', "
            "each with its own rate constant"
        )
    sides = text.split("->")
    if len(sides) != 2:
        raise PhysicsError(f"reaction {text!r} needs one '->', such as 'A + N -> P'")
    may_be_empty = not elementary
    reactants, products = (_side(side, text, may_be_empty) for side in sides)
    order = sum(reactants.values())
    if elementary and order > _HIGHEST_ORDER:
        raise PhysicsError(
            f"reaction {text!r} has order {order}; an elementary step has at most "
            f"{_HIGHEST_ORDER}, write it as several steps"
        )
    if reactants == products:
        raise PhysicsError(f"reaction {text!r} changes nothing")
    return Reaction(text, reactants, products)


@dataclass(frozen=True, slots=True)
class EquilibriumReaction:
    """A reaction at equilibrium: species -> whole coefficient on each side."""

    text: str
    reactants: Mapping[str, int]
    products: Mapping[str, int]


def parse_equilibrium(text: str) -> EquilibriumReaction:
    """Return the equilibrium that ``text`` names, such as ``HA <-> H + A``.

    Raises:
        PhysicsError: no such text, with what to write.
    """
    if not isinstance(text, str) or text.count("<->") != 1:
        raise PhysicsError(
            f"an equilibrium must be a text with one '<->', such as 'Fe + L <-> FeL', got {text!r}"
        )
    reactants, products = (_side(side, text) for side in text.split("<->"))
    if reactants == products:
        raise PhysicsError(f"equilibrium {text!r} changes nothing")
    return EquilibriumReaction(text, reactants, products)


def _side(side: str, text: str, may_be_empty: bool = False) -> dict[str, int]:
    if may_be_empty and not side.strip():
        return {}
    found: Counter[str] = Counter()
    for term in side.split("+"):
        match = _TERM.fullmatch(term.strip())
        if match is None:
            raise PhysicsError(
                f"reaction {text!r} contains {term.strip()!r}, which is no species; "
                "write a name, with a whole number and a blank before it where needed: '2 A'"
            )
        found[match[3]] += int(match[1] or match[2] or 1)
    return dict(found)


def species_of(reactions: Sequence[Reaction], fed: Sequence[str]) -> tuple[str, ...]:
    """Return every species, the fed ones first, in order of appearance."""
    names = dict.fromkeys(fed)
    for reaction in reactions:
        names.update(dict.fromkeys(reaction.reactants))
        names.update(dict.fromkeys(reaction.products))
    return tuple(names)


def net_stoichiometry(
    reactions: Sequence[Reaction], species: Sequence[str]
) -> tuple[tuple[int, ...], ...]:
    """Return the matrix species x reactions of net coefficients."""
    return tuple(
        tuple(r.products.get(s, 0) - r.reactants.get(s, 0) for r in reactions) for s in species
    )


def conserved_totals(
    stoichiometry: Sequence[Sequence[int]],
) -> tuple[tuple[Fraction, ...], ...]:
    """Return a basis of the conservation laws: L with L S = 0, in exact fractions.

    Where enough of them exist, with small whole factors, as a chemist writes them (``A + P``).
    """
    basis = _left_null_space(stoichiometry)
    readable = _readable(stoichiometry, len(basis))
    return tuple(readable) if len(readable) == len(basis) else basis


def _readable(stoichiometry: Sequence[Sequence[int]], wanted: int) -> list[tuple[Fraction, ...]]:
    """Return independent totals with factors 0, 1 and 2, those of fewest species first."""
    count = len(stoichiometry)
    if count > _MOST_SPECIES:
        return []
    columns = list(zip(*stoichiometry, strict=True))
    legal = [
        row
        for row in itertools.product((0, 1, 2), repeat=count)
        if any(row) and not any(sum(map(operator.mul, row, c)) for c in columns)
    ]
    found: list[tuple[Fraction, ...]] = []
    for row in sorted(legal, key=lambda r: (sum(v > 0 for v in r), sum(r))):
        candidate = (*found, tuple(Fraction(v) for v in row))
        if len(found) < wanted and _rank(candidate) == len(candidate):
            found = list(candidate)
    return found


def _rank(rows: Sequence[Sequence[Fraction]]) -> int:
    return len(rows[0]) - len(_left_null_space(list(zip(*rows, strict=True))))


def _left_null_space(
    stoichiometry: Sequence[Sequence[Fraction | int]],
) -> tuple[tuple[Fraction, ...], ...]:
    """Row reduction over fractions of S' (reactions x species); one row per free species."""
    count = len(stoichiometry)
    rows = [[Fraction(line[r]) for line in stoichiometry] for r in range(len(stoichiometry[0]))]
    pivots: list[int] = []
    for column in range(count):
        top = len(pivots)
        best = next((i for i in range(top, len(rows)) if rows[i][column]), None)
        if best is None:
            continue
        rows[top], rows[best] = rows[best], rows[top]
        rows[top] = [v / rows[top][column] for v in rows[top]]
        for i, row in enumerate(rows):
            if i != top and row[column]:
                rows[i] = [v - row[column] * w for v, w in zip(row, rows[top], strict=True)]
        pivots.append(column)
    totals = []
    for free in (c for c in range(count) if c not in pivots):
        vector = [Fraction(0)] * count
        vector[free] = Fraction(1)
        for i, pivot in enumerate(pivots):
            vector[pivot] = -rows[i][free]
        totals.append(tuple(vector))
    return tuple(totals)


def total_in_words(total: Sequence[Fraction], species: Sequence[str]) -> str:
    """Return ``A + P + 2 Bis`` for a row of :func:`conserved_totals`."""
    words = ""
    for value, name in zip(total, species, strict=True):
        if value:
            sign = "-" if value < 0 else "+"
            factor = "" if abs(value) == 1 else f"{abs(value)} "
            words += f" {sign} {factor}{name}"
    return words.removeprefix(" + ").strip()
