"""What a physics model is: parameters, inputs, outputs, and a differentiable function."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language.prior import PhysicsParameter


@dataclass(frozen=True, slots=True)
class PhysicsInput:
    """A number that the model reads: a parameter of the search space, or a look-up.

    ``unit`` names the dimension that the space's parameter must have; None where only an
    expression of several inputs has a dimension that can be checked. The model itself is
    always given SI values.

    Where ``category`` is given the number is looked up by the value of that categorical
    parameter of the space, in ``levels``: value -> SI number. Between categories, where an
    optimiser looks as well, it is the mean weighted by how near each category is.
    """

    name: str
    unit: str | None = None
    category: str | None = None
    levels: Mapping[str, float] | None = None


@runtime_checkable
class PhysicsModel(Protocol):
    """Mechanistic knowledge: the outputs if the mechanism were the whole truth.

    Implementations hold no state; ``predict`` is a pure function. A model of curves has one
    more attribute, ``curves``: name -> :class:`~labloop.physics.CurveAxis`, and its ``predict``
    returns the points of each curve, in that order, as further columns after the outputs.
    """

    @property
    def name(self) -> str:
        """What the report calls it."""
        ...

    @property
    def parameters(self) -> tuple[PhysicsParameter, ...]:
        """What is learned from experiments, with priors."""
        ...

    @property
    def inputs(self) -> tuple[PhysicsInput, ...]:
        """The numbers that ``predict`` reads."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs of the campaign that ``predict`` returns."""
        ...

    @property
    def output_units(self) -> tuple[str, ...]:
        """The units in which ``predict`` returns them: those of the campaign's declaration."""
        ...

    def predict(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return the outputs, differentiable in ``x`` and ``theta``.

        Args:
            x: input name -> SI values, batch shape ``[...]``.
            theta: SI values of the parameters (not whitened), ``[..., p]``, in their order;
                its leading dimensions broadcast with those of ``x``.

        Returns:
            ``[..., m]`` in ``output_units``, then the points of the curves where it has any.
        """
        ...

    def check_units(self, units: Mapping[str, str]) -> None:
        """Raise PhysicsError where inputs in these units (name -> unit) make no sense together."""
        ...


def as_physics(candidate: object) -> PhysicsModel:
    """Return ``candidate`` where it is a physics model.

    Raises:
        PhysicsError: it is none, with what is missing.
    """
    if isinstance(candidate, type):
        raise PhysicsError(
            f"class {candidate.__name__} is no physics model; decorate it with @kinetics(...) "
            "or give an instance"
        )
    if isinstance(candidate, PhysicsModel):
        return candidate
    wanted = (
        "name",
        "parameters",
        "inputs",
        "outputs",
        "output_units",
        "predict",
        "check_units",
    )
    missing = [name for name in wanted if not hasattr(candidate, name)]
    raise PhysicsError(
        f"{candidate!r} is no physics model, it lacks {', '.join(missing)}; "
        "use @kinetics(...) on a class of reactions, or FunctionPhysics(predict=...)"
    )
