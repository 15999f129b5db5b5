"""What all building blocks share: coefficients, outputs by arithmetic, curves."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Self

from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import (
    BoundPhysics,
    Coefficients,
    Course,
    CurveAxis,
    PhysicsInput,
    PhysicsParameter,
    Prior,
    broadcast_shape,
)
from labloop.physics.models.outputs import OutputDefinitions, Outputs
from labloop.space import SearchSpace


class BuildingBlock(ABC):
    """A :class:`~labloop.physics.PhysicsModel` whose outputs are arithmetic of what it solves.

    Args:
        kind: what the block is called in messages, such as ``kinetics``.
        name: what the report calls the model.
        coefficients: its numbers.
        quantities: what output arithmetic may use beside the inputs -> its SI unit.
        outputs: see :data:`Outputs`.
        curves: curve -> its axis, in the order of ``solve``.
        courses: curves over time instead, as arithmetic of the same quantities.

    Raises:
        PhysicsError: no input, no output, or outputs that use unknown names or curves.
    """

    check_first = "its arithmetic, its units and its priors"
    """What to look at where measurements say that the model is wrong."""

    def __init__(
        self,
        kind: str,
        name: str,
        coefficients: Coefficients,
        quantities: Mapping[str, str],
        outputs: Outputs,
        curves: Mapping[str, CurveAxis] | None = None,
        courses: Mapping[str, Course] | None = None,
    ) -> None:
        self.name = name
        self._kind = kind
        self._coefficients = coefficients
        self._quantities = dict(quantities)
        self.parameters: tuple[PhysicsParameter, ...] = coefficients.parameters
        self._outputs = OutputDefinitions(
            f"{kind} {name!r}", self._example(), outputs, curves or {}, courses or {}
        )
        self.curves: Mapping[str, CurveAxis] = self._outputs.curves
        # What is neither solved for nor read by the mechanism is a parameter of the space too.
        coefficients.read(self._outputs.names - set(self._quantities))
        if not coefficients.inputs:
            raise PhysicsError(
                f"{kind} {name!r} reads no parameter of the space, so it says the same of every "
                "experiment; write the name of a parameter where its number belongs"
            )
        self.inputs: tuple[PhysicsInput, ...] = coefficients.inputs
        inputs = {i.name for i in self.inputs}
        double = sorted(inputs & set(self._quantities))
        if double:
            raise PhysicsError(
                f"{kind} {name!r} uses {', '.join(double)} for two things: what it solves for and "
                "an input; rename one"
            )
        self._outputs.check_curves()

    @property
    def coefficients(self) -> Coefficients:
        """The numbers of the model, for a model that is built on it."""
        return self._coefficients

    @property
    def submodels(self) -> "tuple[BuildingBlock, ...]":
        """This model and those that it is built on."""
        return (self,)

    @property
    def quantities(self) -> Mapping[str, str]:
        """What it solves for -> its SI unit, for a model that is built on it."""
        return self._quantities

    def with_priors(self, priors: Mapping[str, Prior]) -> Self:
        """Return a copy in which some parameters have other priors; see :func:`with_priors`."""
        made = copy.copy(self)
        made._coefficients = self._coefficients.with_priors(priors)  # noqa: SLF001 - a copy of itself
        made.parameters = made._coefficients.parameters  # noqa: SLF001 - as above
        return made

    def _example(self) -> str:
        return next(iter(self._quantities), "x")

    @property
    def outputs(self) -> tuple[str, ...]:
        """The declared scalar outputs."""
        return tuple(self._outputs.units)

    @property
    def output_units(self) -> tuple[str, ...]:
        """The unit of each output."""
        return tuple(self._outputs.units.values())

    def bind(self, space: SearchSpace) -> BoundPhysics:
        """Return this model on ``space``; raises PhysicsError where they do not fit."""
        return BoundPhysics(self, space)

    def check_units(self, units: Mapping[str, str]) -> None:
        """Raise PhysicsError where a number or an output has another dimension."""
        self._coefficients.check_units(units)
        samples = self._coefficients.sample_quantities({**units, **self._quantities})
        self._outputs.check_units(samples)

    def predict(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return the outputs, then the points of the curves, at SI inputs and parameters.

        Args:
            x: input -> SI values ``[...]``.
            theta: SI parameters ``[..., p]``.

        Returns:
            ``[..., m + sum n]`` in the units of outputs and curves.
        """
        solved, curves = self.solve(x, theta)
        shape = broadcast_shape(*x.values(), theta[..., :1].sum(-1), *solved.values())
        return self._outputs.stacked({**x, **solved}, curves, shape)

    def _course(self, label: str, values: Mapping[str, Tensor]) -> Tensor:
        """Return the points of a course, given quantities and inputs at its times."""
        return self._outputs.course(label, values)

    @abstractmethod
    def solve(
        self, x: Mapping[str, Tensor], theta: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return quantity -> SI values ``[...]`` and curve -> values ``[..., n]`` in its unit."""

    def __repr__(self) -> str:
        return f"<{self._kind} {self.name}>"
