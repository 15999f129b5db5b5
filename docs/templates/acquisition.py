"""An acquisition: what makes a point worth measuring, as a BoTorch acquisition function.

``BotorchStrategy(acquisition=optimism, name="optimist")`` uses it as it stands. To ship it, copy
into ``labloop/brain/acquisition/``, and tell these of it: the faces
``labloop/brain/acquisition/__init__.py`` and ``labloop/brain/__init__.py``,
``docs/how-to/strategies.md``, CHANGELOG.md; and run the contract of the strategy that uses it.
"""

from botorch.acquisition.acquisition import AcquisitionFunction
from botorch.acquisition.monte_carlo import qUpperConfidenceBound

from labloop.brain import AcquisitionContext

BETA = 4.0
"""How many variances above its mean a point is judged."""


def optimism(context: AcquisitionContext) -> AcquisitionFunction:
    """Return the upper confidence bound of a single score (Srinivas et al. 2010)."""
    return qUpperConfidenceBound(
        context.model,
        beta=BETA,
        sampler=context.sampler(),
        objective=context.objective,
        X_pending=context.pending,
    )
