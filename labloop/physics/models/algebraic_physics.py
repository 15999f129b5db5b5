"""Laws that are arithmetic: an isotherm, a filtration, a curve of conversion over time."""

from collections.abc import Mapping

from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language import By, Coefficients, Constant, given_unit
from labloop.physics.models.building_block import BuildingBlock
from labloop.physics.models.outputs import Outputs
from labloop.records import mapping_of


class AlgebraicPhysics(BuildingBlock):
    """A :class:`~labloop.physics.PhysicsModel` that solves nothing; see :func:`algebraic`."""

    def __init__(
        self,
        name: str,
        constants: Mapping[str, Constant],
        outputs: Outputs,
        lookup: Mapping[str, By] | None,
    ) -> None:
        coefficients = Coefficients(name, lookup)
        what = f"algebraic physics {name!r}"
        like = "{'k': Prior(0.1, '1/min', fold=3)}"
        constants = mapping_of(constants, f"constants= of {what}", like, PhysicsError)
        units = {label: given_unit(label, given, what) for label, given in constants.items()}
        self._constants = {
            label: coefficients.add(label, given, units[label], f"{label} of {what}")
            for label, given in constants.items()
        }
        super().__init__("algebraic physics", name, coefficients, units, outputs)
        unused = [label for label in constants if label not in self._outputs.names]
        if unused:
            raise PhysicsError(
                f"no output of {what} reads {', '.join(unused)}; leave it out of constants="
            )

    def solve(
        self, x: Mapping[str, Tensor], theta: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return constant -> its SI value ``[...]``, and no curve."""
        return {name: given.value(x, theta) for name, given in self._constants.items()}, {}


def algebraic(
    outputs: Outputs,
    *,
    constants: Mapping[str, Constant],
    name: str = "algebraic",
    lookup: Mapping[str, By] | None = None,
) -> AlgebraicPhysics:
    """Return a physics model whose outputs are arithmetic of constants and parameters.

    ::

        isotherm = algebraic({"loading": ("most * K * c / (1 + K * c)", "mmol/g")},
                             constants={"most": Prior(2, "mmol/g", fold=2),
                                        "K": Prior(50, "L/mol", fold=3)})

    Args:
        outputs: output of the campaign -> arithmetic, with a unit where it has one.
        constants: name -> a :class:`Prior` where it is learned, a quantity, a number, or
            :class:`By`.
        name: what the report calls the model.
        lookup: a name for arithmetic -> its number by category.

    Raises:
        PhysicsError: constants, units or names that make no model, with what to write.
    """
    return AlgebraicPhysics(name, constants, outputs, lookup)
