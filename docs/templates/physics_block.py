"""A building block of physics: the potential of an electrode by Nernst's law.

Copy into the wing of ``labloop/physics/`` where its like stands (``reactions``, ``continuum``), and
tell these of it: the wing's face, ``labloop/physics/__init__.py``, ``docs/how-to/physics.md``,
CHANGELOG.md; and let ``labloop.testing.physics.assert_physics`` prove it. What is no family of
models, but one model, needs no block: ``FunctionPhysics`` takes any torch function.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from labloop.physics.language import CoefficientLike, Coefficients
from labloop.physics.models import BuildingBlock, Outputs

_R_OVER_F = 8.314462618 / 96485.33212
"""V/K; CODATA 2018."""


class Nernst(BuildingBlock):
    """A potential that follows the logarithm of a ratio of activities.

    ``E = standard + R T / (n F) ln(ratio)``, with the quantity ``E`` in V.

    Args:
        standard: the standard potential, such as ``Prior(0.34, "V", sd=0.05)``.
        electrons: how many are exchanged, a number.
        temperature: a parameter of the space, or a quantity.
        ratio: of the activities, oxidised to reduced; a parameter of the space.
        outputs: see ``labloop.physics.models.Outputs``.
        name: what the report calls it.
    """

    def __init__(
        self,
        standard: CoefficientLike,
        *,
        electrons: CoefficientLike,
        temperature: CoefficientLike,
        ratio: CoefficientLike,
        outputs: Outputs,
        name: str = "nernst",
    ) -> None:
        coefficients = Coefficients(name)
        self._standard = coefficients.add("standard", standard, "V")
        self._electrons = coefficients.add("electrons", electrons, "1")
        self._temperature = coefficients.add("temperature", temperature, "K")
        self._ratio = coefficients.add("ratio", ratio, "1")
        super().__init__("nernst", name, coefficients, {"E": "V"}, outputs)

    def solve(
        self, x: Mapping[str, Tensor], theta: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return the potential ``[...]`` in V, and no curve."""
        slope = _R_OVER_F * self._temperature.value(x, theta) / self._electrons.value(x, theta)
        potential = self._standard.value(x, theta) + slope * torch.log(self._ratio.value(x, theta))
        return {"E": potential}, {}
