"""What every surrogate is given and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from botorch.models.model import Model
from torch import Tensor

from labloop.records import Alarm, Json, ModelState

if TYPE_CHECKING:
    from labloop.objectives import Objectives
    from labloop.space import Feature, SearchSpace


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """The finished experiments as tensors, one row an experiment, in order of completion."""

    encoded: Tensor
    """``n x d`` float64 in the unit cube, see ``SearchSpace.encode``."""
    outputs: Tensor
    """``n x m`` float64 in the units of the outputs' declarations, columns as ``names``."""
    names: tuple[str, ...]
    """The outputs that the objective reads, in ``Objectives.outputs`` order."""
    objective: "Objectives"
    features: tuple["Feature", ...]
    """What each encoded column means, see ``SearchSpace.features``."""
    space: "SearchSpace"
    variance: Tensor | None = None
    """``n x m`` known measurement variances; NaN where unknown, None where none is known."""
    seed: int = 0
    """The only source of randomness that a fit may use."""

    @property
    def scores(self) -> Tensor:
        """``n x k`` scores of the outputs, all to be maximised."""
        scores: Tensor = self.objective.scores(self.outputs)
        return scores


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedSurrogate:
    """A fitted model with everything that the brain, the database and the report need."""

    model: Model
    """Posterior over ``b x q x d`` encoded points: the ``m`` outputs or the ``k`` scores."""
    name: str
    loo_log_density: Tensor
    """``n`` leave-one-experiment-out log densities of the scores in their natural units
    (summed over several objectives), so that surrogates of one data set can be compared."""
    over: Literal["outputs", "scores"] = "outputs"
    """Which of the two the posterior of ``model`` speaks of."""
    report: Mapping[str, Json] = field(default_factory=dict)
    """Learned parameters with units and intervals, weights, seconds."""
    state: ModelState | None = None
    alarms: tuple[Alarm, ...] = ()


class SurrogateFactory(Protocol):
    """Something that fits a surrogate to data: ``BotorchStrategy(model=factory)``.

    A fit is a pure function of the data (seed included) and works from one experiment on,
    with constant outputs and with repeated points.
    """

    @property
    def name(self) -> str:
        """What proposals and reports call the surrogate."""
        ...

    def fit(self, data: TrainingData) -> FittedSurrogate:
        """Return the surrogate of ``data``."""
        ...
