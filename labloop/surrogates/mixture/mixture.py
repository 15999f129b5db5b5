"""The mixture of members with and without physics, weighted by leave-one-out.

The GP without physics is always a member, and predicts alone until the results prove a physics, so
that wrong physics costs a few experiments, never the campaign. Several physics models may compete
for weight.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from labloop.errors import PhysicsError
from labloop.physics import BoundPhysics, PhysicsModel, as_physics, bind
from labloop.records import Alarm, ModelState
from labloop.space import SearchSpace
from labloop.surrogates._base import FittedSurrogate, SurrogateFactory, TrainingData
from labloop.surrogates.members import GPFactory
from labloop.surrogates.mixture.combination import SCHEMA, combined
from labloop.surrogates.mixture.hybrid_member import (
    fit_hybrid_member,
    learns_from,
    restore_hybrid_member,
)
from labloop.surrogates.mixture.physics_alarms import failure_alarm
from labloop.surrogates.mixture.physics_members import (
    channel_groups,
    fit_candidate,
    fit_discrepancy_members,
    restore_candidate,
)
from labloop.surrogates.mixture.physics_report import (
    CandidatePhysics,
)
from labloop.surrogates.numerics import LITTLE_NOISE
from labloop.surrogates.solving import (
    Channels,
    MeasuredData,
    PhysicsFailureError,
    RoundSolvers,
    SingularMatrixError,
    check_device,
    check_reads,
    choose_device,
    estimated_solves,
    search_points,
)

_MOST = 300
"""Experiments that a fit uses; of more a subset is taken."""


@dataclass(frozen=True, slots=True)
class DeltaFactory:
    """Fits one of the two discrepancy models of a physics ("delta"), for comparisons.

    :class:`MixtureFactory` is what a campaign uses.
    """

    physics: PhysicsModel
    together: bool = True
    """Whether all outputs share the physics' parameters."""
    name: str = "delta"

    def fit(self, data: TrainingData) -> FittedSurrogate:
        """Return the discrepancy model.

        Raises:
            PhysicsError: the physics does not fit the space, or failed at the experiments.
        """
        channels = Channels(bind(as_physics(self.physics), data.space), data)
        return fit_discrepancy_members(
            channels, channel_groups(channels, together=self.together), data
        )[0]


@dataclass(frozen=True, slots=True)
class MixtureFactory:
    """Fits ``physics`` beside a plain surrogate: ``BotorchStrategy(model=MixtureFactory(p))``.

    Args:
        physics: a physics model, anything :func:`labloop.physics.as_physics` takes, or several
            that compete.
        plain: the member without physics, against which the others are weighed.
        without: the surrogate that predicts where no physics is proven, as if there were none.
        hybrid: whether an ensemble of networks in each physics is a member as well. It takes
            seconds a round (told in the report, 30 at most), so it must be asked for.

    Raises:
        PhysicsError: no physics model among them, two of one name, or no such device.
    """

    physics: PhysicsModel | Sequence[PhysicsModel]
    # How members are weighed was measured with this prior of the noise.
    plain: SurrogateFactory = field(default_factory=lambda: GPFactory(noise=LITTLE_NOISE))
    without: SurrogateFactory = field(default_factory=GPFactory)
    name: str = "mixture"
    hybrid: bool = False
    device: str = "auto"
    """Where physics is solved: ``cpu``, ``cuda``, or as each round's size says."""

    def __post_init__(self) -> None:
        check_device(self.device)
        names = [model.name for model in self.models]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise PhysicsError(
                f"two of the competing physics models are called {twice!r}; name them apart"
            )

    @property
    def models(self) -> tuple[PhysicsModel, ...]:
        """The physics models that compete, one or more."""
        given = self.physics
        several = given if isinstance(given, (list, tuple)) else (given,)
        if not several:
            raise PhysicsError("a mixture needs at least one physics model, got none")
        return tuple(as_physics(model) for model in several)

    def check(self, space: SearchSpace, names: Sequence[str]) -> None:
        """Raise PhysicsError where a model does not fit the space, or predicts none of ``names``.

        Args:
            space: the parameters that the physics reads.
            names: the outputs that the objective reads.
        """
        for model in self.models:
            bind(model, space)
            check_reads(model, names)

    def fit(self, data: TrainingData) -> FittedSurrogate:
        """Return the mixture; a physics that fails is left out, with an alarm.

        Raises:
            PhysicsError: a physics does not fit the space (nothing that data could change).
        """
        began = time.perf_counter()
        solving = self._solving(data)
        data = data.thinned(_MOST)
        candidates: list[CandidatePhysics] = []
        alarms: list[Alarm] = []
        for model in self.models:
            bound = bind(model, data.space)
            channels = Channels(bound, data, solving.solver(bound))
            try:
                members = fit_candidate(channels, data)
                hybrids, told = self._hybrids(bound, data, solving)
                candidates.append(CandidatePhysics(channels, members, hybrids))
                alarms.extend(told)
            except PhysicsFailureError as error:
                alarms.append(failure_alarm(str(error)))
            except SingularMatrixError:
                alarms.append(failure_alarm(_far_off(model)))
        return solving.of(self._mixed(data, candidates, alarms, began))

    def fit_without(self, data: TrainingData, reason: str) -> FittedSurrogate:
        """Return the mixture with no physics in it, and an alarm that says why."""
        began = time.perf_counter()
        return self._mixed(data.thinned(_MOST), [], [failure_alarm(reason)], began)

    def restore(self, state: ModelState, data: TrainingData) -> FittedSurrogate:
        """Return the mixture that ``state`` describes, bit-equal, without learning again.

        ``data`` must be what the state was fitted to.

        Raises:
            PhysicsError: the state is of another kind, or of a version that cannot be read.
        """
        began = time.perf_counter()
        if state.kind != "mixture" or state.schema != SCHEMA:
            raise PhysicsError(
                f"the stored model is a {state.kind!r} of schema {state.schema}, and this version "
                f"reads a 'mixture' of schema {SCHEMA}; fit it again from the data"
            )
        solving = self._solving(data)
        data = data.thinned(_MOST)
        candidates = []
        for model in self.models:
            bound = bind(model, data.space)
            channels = Channels(bound, data, solving.solver(bound))
            members = restore_candidate(state, channels, data)
            if members:
                hybrids = restore_hybrid_member(state, bound, data, solving.solver(bound))
                candidates.append(CandidatePhysics(channels, members, hybrids))
        return solving.of(self._mixed(data, candidates, [], began))

    def _hybrids(
        self, bound: BoundPhysics, data: TrainingData, solving: RoundSolvers
    ) -> tuple[Sequence[FittedSurrogate], Sequence[Alarm]]:
        """Return the hybrid where it is asked for, and its alarms."""
        return fit_hybrid_member(bound, data, solving.solver(bound)) if self.hybrid else ((), ())

    def _solving(self, data: TrainingData) -> RoundSolvers:
        """Return the solvers of this round, on the device that its estimated solves call for."""
        training_channels = data.thinned(_MOST)
        extra = 0
        if isinstance(data, MeasuredData):
            extra = len(data.extra_names) + len(data.curves)
        constants = [len(model.parameters) for model in self.models]
        looked_at = search_points(data.space)
        estimated = estimated_solves(
            training_channels,
            constants,
            extra,
            looked_at,
            networks=self.hybrid and learns_from(len(training_channels.outputs)),
        )
        return RoundSolvers(choose_device(self.device, estimated, len(data.encoded)))

    def _mixed(
        self,
        data: TrainingData,
        candidates: Sequence[CandidatePhysics],
        alarms: list[Alarm],
        began: float,
    ) -> FittedSurrogate:
        """Return the mixture of the surrogate without physics and the candidates' members."""
        plain = self.plain.fit(data)
        told = [*plain.alarms, *alarms]
        without = partial(self.without.fit, data)
        return combined(self.name, plain, candidates, data, told, began, without)


def _far_off(model: PhysicsModel) -> str:
    return (
        f"physics {model.name!r} predicts numbers of another size than those measured, so that "
        "nothing can be learned of its constants; check the units of its outputs"
    )
