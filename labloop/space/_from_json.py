"""Reads the items of a space from the JSON that ``SearchSpace.spec`` wrote."""

from collections.abc import Callable, Mapping
from typing import Any

from labloop.errors import SpaceError
from labloop.space.constraints import (
    Conditional,
    Forbidden,
    Linear,
    Mixture,
    Nonlinear,
    Only,
    Subset,
)
from labloop.space.parameters import Categorical, Continuous, Integer, Ordered, Pool
from labloop.space.sampling import Item

_MAKERS: dict[str, Callable[..., Item]] = {
    "continuous": Continuous,
    "integer": Integer,
    "ordered": Ordered,
    "categorical": Categorical,
    "linear": Linear,
    "mixture": Mixture,
    "pool": Pool,
    "subset": Subset,
    "conditional": Conditional,
    "forbidden": Forbidden,
    "only": Only,
    "nonlinear": Nonlinear,
}


def items_from_spec(spec: Mapping[str, Any]) -> list[Item]:
    """Return the items that ``SearchSpace.spec`` wrote; raises SpaceError."""
    if not isinstance(spec, Mapping) or spec.get("schema") != 1:
        raise SpaceError(
            "a space is read from {'schema': 1, 'items': [...]}; this one was written by "
            "another version"
        )
    return [_item(entry) for entry in spec["items"]]


def _item(entry: Mapping[str, Any]) -> Item:
    fields = dict(entry)
    kind = fields.pop("type", None)
    if kind not in _MAKERS:
        raise SpaceError(
            f"a space cannot hold an item of type {kind!r}; use one of {', '.join(_MAKERS)}"
        )
    if kind == "nonlinear":
        fields["function"] = None
    if kind == "pool":
        columns = fields["columns"].items()
        fields["columns"] = {name: unit or Categorical for name, unit in columns}
    try:
        return _MAKERS[kind](**fields)
    except TypeError as error:
        raise SpaceError(f"an item of type {kind!r} cannot be read: {error}") from error
