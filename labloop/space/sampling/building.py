"""Sorts the items of a space: parameters into columns, constraints into a system and rules."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from labloop.errors import SpaceError
from labloop.records import FloatArray
from labloop.space.constraints import (
    ColumnTest,
    Conditional,
    ConditionRule,
    Forbidden,
    Linear,
    Mixture,
    Nonlinear,
    Only,
    Simplex,
    SparseBox,
    SparseSimplex,
    Subset,
    SubsetRule,
    build_linear_system,
    in_order,
)
from labloop.space.parameters import Numeric, Parameter, Pool, is_list
from labloop.space.sampling.columns import Block
from labloop.space.sampling.rules import Rule, SpaceRules
from labloop.space.sampling.structure import SpaceStructure

Item: TypeAlias = (
    Parameter | Pool | Mixture | Linear | Subset | Conditional | Forbidden | Nonlinear | Only
)
_Columns: TypeAlias = tuple[int, ...]


def build_structure(items: Sequence[Item]) -> SpaceStructure:
    """Sort the items of a space; raises SpaceError."""
    return _Builder(items).build()


class _Builder:
    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._parameters: list[Parameter] = []
        self._pools: list[tuple[Pool, _Columns]] = []
        self._mixtures: list[tuple[Mixture, _Columns]] = []
        self._free: list[int] = []
        for item in items:
            self._add(item)
        _refuse_duplicate_names(self._parameters)
        if len(self._pools) > 1:
            raise SpaceError("a space can hold one pool; join the tables into one")
        self._pool_columns: _Columns = self._pools[0][1] if self._pools else ()

    def _add(self, item: Item) -> None:
        start = len(self._parameters)
        if isinstance(item, (Pool, Mixture)):
            self._parameters.extend(item.parameters)
            columns = tuple(range(start, len(self._parameters)))
            if isinstance(item, Pool):
                self._pools.append((item, columns))
            else:
                self._mixtures.append((item, columns))
        elif isinstance(item, Parameter):
            self._parameters.append(item)
            self._free.append(start)
        elif not isinstance(item, (Linear, Subset, Conditional, Forbidden, Nonlinear, Only)):
            listed = is_list(item) or isinstance(item, Mapping)
            hint = "; they are given one after the other, SearchSpace(*items)" if listed else ""
            raise SpaceError(
                "a space is made of parameters, pools, mixtures and constraints (Linear, Subset, "
                f"Conditional, Forbidden, Nonlinear), got {item!r:.100}{hint}"
            )

    def build(self) -> SpaceStructure:
        rules = self._rules()
        subsets = [r for r in rules.others if isinstance(r, SubsetRule)]
        blocks = self._blocks(subsets, dict(rules.fixed))
        grouped = {column for _, columns in blocks for column in columns}
        system = build_linear_system(
            self._parameters,
            [i for i in self._items if isinstance(i, Linear)],
            [mixture for mixture, _ in self._mixtures],
        )
        return SpaceStructure(
            tuple(self._parameters),
            self._pools[0][0] if self._pools else None,
            self._pool_columns,
            tuple(blocks),
            tuple(column for column in self._free if column not in grouped),
            system,
            rules,
        )

    def _rules(self) -> SpaceRules:
        conditionals = in_order([i for i in self._items if isinstance(i, Conditional)])
        unused = {c.parameter: c.otherwise for c in conditionals}
        for conditional in conditionals:
            self._check_free(conditional)
        others: list[Rule] = [
            item.rule(self._parameters, unused)
            for item in self._items
            if isinstance(item, (Subset, Forbidden, Only))
        ]
        # A person's functions last: they may be slow.
        others += [
            item.rule(self._parameters, unused)
            for item in self._items
            if isinstance(item, Nonlinear)
        ]
        return SpaceRules(
            tuple(c.rule(self._parameters, unused) for c in conditionals),
            tuple(others),
            tuple(self._fixed(others)),
            tuple(self._few(others)),
        )

    def _check_free(self, conditional: Conditional) -> None:
        names = [p.name for p in self._parameters]
        free = [names[column] for column in self._free]
        if conditional.parameter in names and conditional.parameter not in free:
            raise SpaceError(
                f"{conditional.parameter!r} is part of a mixture or a pool and cannot be "
                "conditional as well; use Subset for parts that may be absent"
            )

    def _fixed(self, rules: Sequence[Rule]) -> list[tuple[int, float]]:
        """Return the columns that may have one value only; a pool's are chosen by row."""
        return [
            (test.column, test.single)
            for test in _wanted(rules)
            if test.single is not None and test.column not in self._pool_columns
        ]

    def _few(self, rules: Sequence[Rule]) -> list[tuple[int, FloatArray]]:
        """Return the free numbers that may have a few values only, where they are used."""
        found = []
        for test in _wanted(rules):
            number = self._parameters[test.column]
            if not isinstance(number, Numeric) or len(test.values) < 2:
                continue
            if test.column in self._free:
                low, high = number.bounds
                values = test.values[(test.values >= low) & (test.values <= high)]
                found += [(test.column, values)] if len(values) else []
            elif number.count is None and test.column not in self._pool_columns:
                raise SpaceError(
                    f"{number.name!r} is part of a mixture and cannot be held at several values; "
                    "ask for one of them, or for a range"
                )
        return found

    def _blocks(
        self, subsets: Sequence[SubsetRule], fixed: Mapping[int, float]
    ) -> list[tuple[Block, _Columns]]:
        """Return what is drawn together: mixtures, and amounts that share a subset."""
        blocks: list[tuple[Block, _Columns]] = []
        left = list(subsets)
        for mixture, columns in self._mixtures:
            mine = [s for s in left if s.columns <= set(columns)]
            left = [s for s in left if s not in mine]
            here = {columns.index(c): v for c, v in fixed.items() if c in columns}
            if mine:
                inner = [_within(s, columns) for s in mine]
                blocks.append((SparseSimplex(mixture, inner, here), columns))
            else:
                blocks.append((Simplex(mixture, here), columns))
        left = [s for s in left if not s.columns <= set(self._pool_columns)]
        wrong = next((s for s in left if not s.columns <= set(self._free)), None)
        if wrong is not None:
            raise SpaceError(
                f"the parts of the subset '{wrong.label}' must all belong to one mixture, all to "
                "the pool, or all stand by themselves; make a subset of each"
            )
        if left:
            together = tuple(sorted({column for s in left for column in s.columns}))
            amounts = [p for c in together if isinstance(p := self._parameters[c], Numeric)]
            blocks.append((SparseBox(amounts, [_within(s, together) for s in left]), together))
        return blocks


def _wanted(rules: Sequence[Rule]) -> list[ColumnTest]:
    """Return what must hold of single columns in the whole space."""
    wanted = [rule for rule in rules if isinstance(rule, ConditionRule) and rule.wanted]
    return [test for rule in wanted for test in rule.condition.tests]


def _within(rule: SubsetRule, columns: _Columns) -> SubsetRule:
    """Return a rule whose columns are numbered within a block."""
    inner = tuple(columns.index(column) for column in rule.parts)
    return SubsetRule(rule.label, inner, rule.floors, rule.tops, rule.least, rule.most)


def _refuse_duplicate_names(parameters: Sequence[Parameter]) -> None:
    if not parameters:
        raise SpaceError("a space needs at least one parameter")
    seen: set[str] = set()
    for parameter in parameters:
        if parameter.name in seen:
            raise SpaceError(
                f"two parameters are called {parameter.name!r}; give each its own name"
            )
        seen.add(parameter.name)
