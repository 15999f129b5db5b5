"""The same physics with other priors: what a table of old measurements taught, or another lab."""

from collections.abc import Mapping
from typing import Protocol, TypeVar, runtime_checkable

from labloop.errors import PhysicsError
from labloop.physics.language import PhysicsModel, Prior
from labloop.records import mapping_of
from labloop.units import same_dimension

_Model = TypeVar("_Model", bound=PhysicsModel)


@runtime_checkable
class _Copied(Protocol):
    def with_priors(self, priors: Mapping[str, Prior]) -> object: ...


def with_priors(model: _Model, priors: Mapping[str, Prior]) -> _Model:
    """Return a copy of ``model`` with other priors of some of its parameters.

    The values may be written in another unit of the same dimension.

    Args:
        model: a physics model, such as a class that ``@kinetics`` decorates.
        priors: parameter -> its new prior.

    Raises:
        PhysicsError: a parameter that the model lacks, something that is no Prior, or a unit of
            another dimension.
    """
    like = "{'k1.k': Prior(3, 'L/mol/min', fold=2)}"
    priors = mapping_of(priors, f"priors of physics {model.name!r}", like, PhysicsError)
    known = {parameter.name: parameter for parameter in model.parameters}
    for name, prior in priors.items():
        if name not in known:
            raise PhysicsError(
                f"physics {model.name!r} has no parameter {name!r}; "
                f"it has {', '.join(known) or 'none'}"
            )
        if not isinstance(prior, Prior):
            raise PhysicsError(
                f"parameter {name!r} of physics {model.name!r} needs a Prior, such as "
                f"Prior(30, 'L/mol/min', fold=2.7), got {prior!r}"
            )
        if not same_dimension(prior.unit, known[name].unit):
            raise PhysicsError(
                f"parameter {name!r} of physics {model.name!r} is given in {known[name].unit}, "
                f"and its new prior in {prior.unit}, which is no such quantity"
            )
    if not isinstance(model, _Copied):
        raise PhysicsError(
            f"physics {model.name!r} is a class of its own that takes no other priors; give it "
            "a method with_priors(priors), or write the priors where it is defined"
        )
    made = model.with_priors(priors)
    assert isinstance(made, type(model))  # noqa: S101 - a copy
    return made
