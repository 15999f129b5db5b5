"""What a strategy is: a pure function from what is known to what to try next."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from labloop.objectives import Objectives
from labloop.records import Dataset, Point, ProposalBatch
from labloop.space import SearchSpace


@runtime_checkable
class Strategy(Protocol):
    """One way to choose the next experiments.

    ``labloop.testing.strategies.check_strategy`` proves for any implementation what is
    promised here.
    """

    name: str

    def propose(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        n: int,
        seed: int,
    ) -> ProposalBatch:
        """Return ``n`` proposals, fewer only where the space has no more legal points.

        The same arguments give the same answer, bit for bit; no state is kept between calls
        and no global random generator is left changed.

        Args:
            space: where experiments may go; every proposal is legal there.
            objective: what is wanted of the outputs.
            data: everything measured so far, failed experiments included.
            pending: points asked for whose results are not there yet; in a finite space
                none of them, and nothing in ``data``, is proposed again while others are left.
            n: how many experiments to propose together, at least 1.
            seed: 63 bits, the only source of randomness.

        Raises:
            SpaceExhaustedError: no legal point is left.
        """
        ...
