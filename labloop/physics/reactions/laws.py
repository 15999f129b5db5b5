"""Every law that a reaction may follow."""

from typing import TypeAlias

from labloop.physics.reactions.own_laws import RateLaw
from labloop.physics.reactions.rate_laws import (
    Arrhenius,
    ButlerVolmer,
    Langmuir,
    MichaelisMenten,
    Rate,
)

Law: TypeAlias = Rate | Arrhenius | MichaelisMenten | Langmuir | ButlerVolmer | RateLaw
LAWS = (Rate, Arrhenius, MichaelisMenten, Langmuir, ButlerVolmer, RateLaw)
