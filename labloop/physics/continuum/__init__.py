"""Heat, diffusion and light: transport in one dimension, thin layers, absorption spectra.

Read ``transport`` first, then ``finite_volumes``; ``layers`` and ``spectra`` stand alone.
"""

from labloop.physics.continuum.boundaries import Convection, Fixed, Flux, Insulated
from labloop.physics.continuum.layers import Cauchy, Layer, Stack, multilayer
from labloop.physics.continuum.spectra import Absorption, Band, Molar, absorption
from labloop.physics.continuum.transport import Pulse, Transport, diffusion, heat

__all__ = [
    "Absorption",
    "Band",
    "Cauchy",
    "Convection",
    "Fixed",
    "Flux",
    "Insulated",
    "Layer",
    "Molar",
    "Pulse",
    "Stack",
    "Transport",
    "absorption",
    "diffusion",
    "heat",
    "multilayer",
]
