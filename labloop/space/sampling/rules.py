"""What no linear system can say of a space: all of its rules together, over codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from labloop.records import FloatArray
from labloop.space.constraints import BoolArray, ConditionalRule
from labloop.space.parameters import keys_of_rows


class Rule(Protocol):
    """A constraint over ``n x p`` codes that is not linear."""

    @property
    def label(self) -> str:
        """What messages call it."""
        ...

    @property
    def columns(self) -> frozenset[int]:
        """The columns that it looks at."""
        ...

    def broken(self, codes: FloatArray) -> BoolArray:
        """Return for each point whether it breaks the rule."""
        ...

    def excess(self, codes: FloatArray) -> FloatArray:
        """Return how far each point is from keeping the rule, 0 where it does."""
        ...


@dataclass(frozen=True, slots=True)
class SpaceRules:
    """The rules of a space.

    Attributes:
        conditionals: parameters that are not always used; each behind those it hangs on.
        others: subsets, forbidden combinations, functions, what is held fixed.
        fixed: columns that have one value only, with their codes.
        few: columns of numbers that have a few values only, with their codes.
        listed: the only points there are, ``n x p`` codes; None for all that are legal.
    """

    conditionals: tuple[ConditionalRule, ...] = ()
    others: tuple[Rule, ...] = ()
    fixed: tuple[tuple[int, float], ...] = ()
    few: tuple[tuple[int, FloatArray], ...] = ()
    listed: FloatArray | None = None

    def __bool__(self) -> bool:
        return bool(self.conditionals or self.others) or self.listed is not None

    @property
    def every(self) -> Sequence[Rule]:
        """All rules."""
        return (*self.conditionals, *self.others)

    @property
    def still(self) -> frozenset[int]:
        """Columns that no number on a continuum is moved along."""
        return frozenset(column for column, _ in (*self.fixed, *self.few))

    def settle(self, codes: FloatArray) -> FloatArray:
        """Set columns that are fixed or not used to their only value, in place; return codes.

        One that has a few values takes the nearest: chance would never meet one on a continuum.
        """
        for column, code in self.fixed:
            codes[:, column] = code
        for column, values in self.few:
            near = np.abs(codes[:, column, None] - values).argmin(axis=1)
            codes[:, column] = values[near]
        for rule in self.conditionals:
            codes[rule.idle(codes), rule.column] = rule.unused
        return codes

    def shown(self, codes: FloatArray) -> FloatArray:
        """Return codes as models see them: what is not used lies within its bounds."""
        if not self.conditionals:
            return codes
        codes = codes.copy()
        for rule in self.conditionals:
            codes[rule.idle(codes), rule.column] = rule.shown
        return codes

    def idle_columns(self, codes: FloatArray) -> frozenset[int]:
        """Return the columns that one point (``p``) does not use."""
        row = codes[None]
        return frozenset(r.column for r in self.conditionals if r.idle(row)[0])

    def legal(self, codes: FloatArray) -> BoolArray:
        """Return for each of ``n x p`` codes whether all rules are kept.

        The cheap ones are asked first, a person's function only where these are kept.
        """
        kept = np.ones(len(codes), dtype=bool)
        if self.listed is not None:
            listed = set(keys_of_rows(self.listed))
            kept = np.array([key in listed for key in keys_of_rows(codes)], dtype=bool)
        for rule in self.every:
            kept[kept] = ~rule.broken(codes[kept])
        return kept

    def excess(self, codes: FloatArray) -> FloatArray:
        """Return how far each of ``n x p`` codes is from keeping all rules."""
        return np.asarray(sum((rule.excess(codes) for rule in self.every), np.zeros(len(codes))))

    def first_broken(self, codes: FloatArray) -> str | None:
        """Return what messages call the first rule that one point (``p``) breaks."""
        row = codes[None]
        if self.listed is not None and not self.legal(row)[0]:
            return "one of the points listed"
        return next((rule.label for rule in self.every if rule.broken(row)[0]), None)
