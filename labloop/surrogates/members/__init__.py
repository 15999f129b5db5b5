"""The members of a mixture, one kind of model each: Gaussian processes, and three with physics.

``gp`` knows no physics; ``discrepancy`` adds a GP to physics, ``varying`` lets its parameters vary
over the space, ``hybrid`` lets networks move them. A new kind of model belongs here, with its fit
and its state; how members are weighed belongs to ``mixture``, shared algebra to ``numerics``.
Read ``gp`` first, then ``discrepancy.posterior``.
"""

from labloop.surrogates.members.discrepancy import (
    DiscrepancyPosterior,
    discrepancy_models_of,
    discrepancy_state_of,
    fit_discrepancy_models,
)
from labloop.surrogates.members.gp import GPFactory, GPModel
from labloop.surrogates.members.hybrid import (
    HybridFit,
    HybridPosterior,
    fit_hybrid,
    hybrid_of,
    hybrid_state_of,
)
from labloop.surrogates.members.output_gp import fit_output
from labloop.surrogates.members.varying import (
    VaryingPosterior,
    fit_varying,
    varying_of,
    varying_state_of,
)

__all__ = [
    "DiscrepancyPosterior",
    "GPFactory",
    "GPModel",
    "HybridFit",
    "HybridPosterior",
    "VaryingPosterior",
    "discrepancy_models_of",
    "discrepancy_state_of",
    "fit_discrepancy_models",
    "fit_hybrid",
    "fit_output",
    "fit_varying",
    "hybrid_of",
    "hybrid_state_of",
    "varying_of",
    "varying_state_of",
]
