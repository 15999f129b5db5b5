"""What every surrogate is given (``TrainingData``) and what it returns (``FittedSurrogate``)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol, Self

import torch
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
    """``n x m`` float64 in the units of the outputs' declarations, columns as ``names``.

    NaN where an output was not measured; only factories with ``takes_incomplete`` see that.
    """
    names: tuple[str, ...]
    """The outputs that the objective reads, in ``Objectives.outputs`` order."""
    objective: "Objectives"
    features: tuple["Feature", ...]
    """What each encoded column means, see ``SearchSpace.features``."""
    space: "SearchSpace"
    variance: Tensor | None = None
    """``n x m`` known measurement variances; NaN where unknown, None where none is known."""
    seed: int = 0
    """Seed of every random draw of a fit."""
    proposals: int = 1
    """How many points are to be proposed, for the estimate of a round's cost."""

    @property
    def complete(self) -> Tensor:
        """``n`` booleans: the experiments that have every output."""
        return ~self.outputs.isnan().any(1)

    @property
    def scores(self) -> Tensor:
        """``n x k`` scores of the outputs, all to be maximised."""
        scores: Tensor = self.objective.scores(self.outputs)
        return scores

    def rows(self, index: Tensor) -> Self:
        """Return the data of some experiments, in the order of ``index``."""
        variance = None if self.variance is None else self.variance[index]
        return replace(
            self, encoded=self.encoded[index], outputs=self.outputs[index], variance=variance
        )

    def thinned(self, most: int) -> Self:
        """Return at most ``most`` experiments: the best third, the latest third, others evenly.

        The cost of a fit grows with the cube of their number.
        """
        count = len(self.outputs)
        if count <= most:
            return self
        share = most // 3
        complete = self.complete
        known = self.scores[complete]
        spread = known.std(0).clamp_min(1e-300)
        worth = ((self.scores - known.mean(0)) / spread).sum(-1)
        worth = torch.where(complete, worth, -torch.inf)
        kept = torch.zeros(count, dtype=torch.bool)
        kept[worth.argsort(descending=True, stable=True)[:share]] = True
        kept[-share:] = True
        others = (~kept).nonzero().flatten()
        places = torch.linspace(0, len(others) - 1, most - int(kept.sum())).round().long()
        kept[others[places]] = True
        return self.rows(kept.nonzero().flatten())


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedSurrogate:
    """A fitted model with what the brain, the database and the report need of it."""

    model: Model
    """Posterior over ``b x q x d`` encoded points: the ``m`` outputs or the ``k`` scores."""
    name: str
    loo_log_density: Tensor
    """``n`` leave-one-experiment-out log densities of the scores in their natural units
    (summed over several objectives), so that surrogates of one data set can be compared; NaN
    for an experiment that lacks an output."""
    other_loo_log_density: Mapping[str, Tensor] = field(default_factory=dict)
    """Channel that the objective does not read -> ``n`` leave-one-experiment-out log densities of
    its standardised measurements; only channels that the model was fitted to."""
    over: Literal["outputs", "scores"] = "outputs"
    """Whether the posterior of ``model`` is over outputs or scores."""
    report: Mapping[str, Json] = field(default_factory=dict)
    """Learned parameters with units and intervals, weights, seconds."""
    slacks: Model | None = None
    """Posterior over one column for each bound of an outcome constraint, kept where it is 0 or
    more; None where nothing is to be kept, or the outputs themselves are to be asked."""
    without: "Callable[[], FittedSurrogate] | None" = None
    """Of a mixture that physics leads: fits what would predict without it, for turns of its own."""
    lead: float = 0.0
    """By what log density of left-out results the members with physics surely lead."""
    state: ModelState | None = None
    alarms: tuple[Alarm, ...] = ()
    spent: Callable[[], Mapping[str, Json]] | None = None
    """Returns the costs for the report as of now; they grow while the model is searched."""


class SurrogateFactory(Protocol):
    """Something that fits a surrogate to data: ``BotorchStrategy(model=factory)``.

    A fit is a pure function of the data (seed included) and works from one experiment on,
    with constant outputs and with repeated points. A factory with the attribute
    ``takes_incomplete = True`` is also given experiments that lack some of the outputs (NaN),
    beside at least one that has all; any other one only sees those that have all.
    """

    @property
    def name(self) -> str:
        """What proposals and reports call the surrogate."""
        ...

    def fit(self, data: TrainingData) -> FittedSurrogate:
        """Return the surrogate of ``data``."""
        ...
