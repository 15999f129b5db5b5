"""The mixture of members with and without physics: fits, weights, report and alarms.

What concerns several members or all of them belongs here; a kind of model belongs to ``members``.
Read ``mixture`` first, then ``weights``.
"""

from labloop.surrogates.mixture.mixture import DeltaFactory, MixtureFactory

__all__ = [
    "DeltaFactory",
    "MixtureFactory",
]
