"""Varying parameters: physics whose parameters are Gaussian processes over the space (FieldGP).

Read ``posterior`` first. ``conditioned`` holds the algebra at the experiments, ``fit`` linearises
repeatedly, ``hyperparameters`` maximises their posterior, ``state`` goes to and from the database.
"""

from labloop.surrogates.members.varying.fit import fit_varying
from labloop.surrogates.members.varying.posterior import VaryingPosterior
from labloop.surrogates.members.varying.state import varying_of, varying_state_of

__all__ = [
    "VaryingPosterior",
    "fit_varying",
    "varying_of",
    "varying_state_of",
]
