"""What a user writes: the definition of one campaign."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from labloop.campaign.decisions import Budget, FailurePolicy, MachineConfig, StopRule
from labloop.campaign.definition.predicted_outputs import check_predicted
from labloop.campaign.definition.spec_checks import (
    check_analyse,
    check_calibrated,
    check_failures,
    check_kinds,
    check_outputs,
    check_per,
    check_plate,
    check_priority,
    check_procedure,
    check_schedule,
)
from labloop.campaign.definition.user_code import cost_of, counts_changeover, is_work, name_of
from labloop.errors import CampaignFileError
from labloop.objectives import Aim, Objectives, OutcomeConstraint
from labloop.records import Curve, Json, Output, Point
from labloop.space import Plate, SearchSpace

if TYPE_CHECKING:
    from labloop.brain import Strategy
    from labloop.lab import Work
    from labloop.physics import PhysicsModel

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class CampaignSpec:
    """One goal over one search space, with a budget.

    Attributes:
        name: letters, digits, ``_ . -``; the campaign's name in the database.
        space: what may be varied.
        outputs: what an experiment yields, declared with units.
        objective: one aim or several over scalar outputs.
        procedure: what carries out one experiment and returns a mapping: ``async def (lab, x)``
            in a lab, or a plain function ``(x)``, ``def`` or ``async def``, that needs none. A
            Function, Command, Notebook or ClusterJob says more: a process, a time-out, retries.
            None where a person does it and results come by ``labloop tell``.
        analyse: pure function raw -> outputs. None where the procedure returns outputs.
        lab: lab file, relative to the campaign file; None for a plain function or a person.
        physics: a physics model, or ``"module:Name"`` in the campaign's folder; a list of
            them competes, and the data decide which one counts.
        strategy: a strategy's name or object.
        batch: experiments proposed together.
        parallel: experiments in the lab at the same time.
        asynchronous: replace each finished experiment at once instead of round by round.
        seed: everything random follows from it.
        budget: what may be used up.
        stop: rules that end the campaign earlier.
        failures: what happens after failures: how many in a row end the campaign, and rules such as
            ``FailureRule(DeviceTimeoutError, then="retry", times=2, wait="30 s")``.
        approval: whether each proposal waits for a person's yes.
        cost: what one experiment at a point costs; needed for ``Budget(cost=...)``, unless the lab
            file has prices: what is used up costs by these, beside it. With a second argument
            ``before``, the point of the experiment begun before (None for the first), it says
            what changing over costs, too.
        constraints: what outputs must keep, such as
            ``[OutcomeConstraint("impurity", at_most=5)]``; what breaks one is never the best.
        per: what a proposal is to be worth most of: ``"hour"``, improvement an hour of lab time,
            which is learned from the experiments done, heating and cooling between them included;
            ``"cost"``, improvement a unit of ``cost``; None, improvement an experiment.
        plate: wells and their rules; each round is a plate, a full one where ``batch`` is 1.
        calibrated: what the procedure needs calibrated, such as ``{"balance.weight": "30 days"}``:
            a read or an action of a device, and the age at most of its newest calibration.
        priority: where experiments of several campaigns wait for a station of one lab, the
            greater one goes first; who was passed over 8 times goes ahead of all.
        schedule: who goes first where experiments wait: ``"first come"``, or ``"optimised"``, a
            plan from their recipes, run ahead in simulation, and made anew when one is late.

    Raises:
        CampaignFileError: something does not fit together; the message says what to change.
    """

    name: str
    space: SearchSpace
    outputs: Sequence[Output]
    objective: Aim | Sequence[Aim]
    procedure: "Callable[..., Any] | Work | None" = None
    analyse: Callable[..., Any] | None = None
    lab: str | None = None
    physics: Any = None
    strategy: "str | Strategy" = "auto"
    batch: int = 1
    parallel: int = 1
    asynchronous: bool = False
    seed: int = 0
    budget: Budget = field(default_factory=lambda: Budget(experiments=30))
    stop: Sequence[StopRule] = ()
    failures: FailurePolicy = field(default_factory=FailurePolicy)
    approval: bool = False
    cost: Callable[..., float] | None = None
    constraints: Sequence[OutcomeConstraint] = ()
    plate: Plate | None = None
    calibrated: Mapping[str, str] = field(default_factory=dict)
    per: Literal["hour", "cost"] | None = None
    priority: int = 0
    schedule: Literal["first come", "optimised"] = "first come"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise CampaignFileError(
                f"a campaign's name is made of letters, digits and _ . - (64 at most), "
                f"got {self.name!r}"
            )
        if not isinstance(self.space, SearchSpace):
            raise CampaignFileError(f"space must be a SearchSpace, got {self.space!r}")
        check_outputs(self.outputs)
        self.space.refuse_outputs([output.name for output in self.outputs])
        self.objectives.check(self.outputs)
        for given in self.competing:  # a name is looked up when it is needed
            if isinstance(getattr(given, "outputs", None), tuple):
                check_predicted(given, self.outputs, self.objectives.outputs)
        for name in ("batch", "parallel"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise CampaignFileError(f"{name} must be a whole number from 1, got {value!r}")
        if not isinstance(self.seed, int) or not 0 <= self.seed < 2**63:
            raise CampaignFileError(
                f"seed must be a whole number from 0 to {2**63 - 1}, got {self.seed!r}"
            )
        check_kinds(
            budget=self.budget,
            failures=self.failures,
            stop=self.stop,
            cost=self.cost,
            strategy=self.strategy,
        )
        check_failures(self.failures, has_lab=self.lab is not None)
        if self.budget.cost is not None and self.cost is None and self.lab is None:
            raise CampaignFileError(
                "a budget of cost needs the function cost=lambda point: ... in the spec"
            )
        check_plate(
            self.plate, self.space, self.batch, self.strategy, asynchronous=self.asynchronous
        )
        check_per(self.per, self.cost, self.lab, self.strategy)
        check_procedure(self.procedure, self.lab, self.space.names)
        check_analyse(self.analyse)
        check_calibrated(self.calibrated, self.lab)
        check_priority(self.priority)
        check_schedule(self.schedule, self.lab)

    @property
    def objectives(self) -> Objectives:
        """The aims and outcome constraints as one value."""
        return Objectives.of(self.objective, self.constraints)

    @property
    def is_function(self) -> bool:
        """Whether a function, command, notebook or job carries experiments out, without a lab."""
        return self.procedure is not None and self.lab is None

    @property
    def recipe(self) -> Callable[..., Any] | None:
        """The procedure where it is a function of the user's; None for other work."""
        if is_work(self.procedure):
            return None
        return cast("Callable[..., Any] | None", self.procedure)

    @property
    def competing(self) -> tuple[Any, ...]:
        """What was given as physics: nothing, one model, or several that compete."""
        if self.physics is None:
            return ()
        several = isinstance(self.physics, (list, tuple))
        return tuple(self.physics) if several else (self.physics,)

    @property
    def units(self) -> Mapping[str, str]:
        """Parameter name -> the unit that its author declared."""
        return {p.name: getattr(p, "unit", "1") for p in self.space.parameters}

    @property
    def full_batch(self) -> int:
        """How many experiments a round has: ``batch``, or a full plate where that is 1."""
        return self.plate.size if self.plate is not None and self.batch == 1 else self.batch

    def machine_config(self) -> MachineConfig:
        """Return what the loop needs of this spec."""
        return MachineConfig(
            budget=self.budget,
            policy=self.failures,
            batch=self.full_batch,
            parallel=self.parallel,
            asynchronous=self.asynchronous,
            approval=self.approval,
        )

    def resolve(self, device: str = "auto") -> "Strategy":
        """Return the strategy with its physics; raises where they or cost do not fit the space.

        ``device`` says where physics is solved. It is no part of the definition: it is this
        machine's, and another one may take the campaign up.
        """
        from labloop.brain import (  # noqa: PLC0415 - not every command asks
            check_fits,
            on_plate,
            resolve_strategy,
        )

        models = self._physics_models() if self.competing else None
        somewhere = self.space.sample(1, self.seed)[0]
        for before in (None, somewhere):
            cost_of(self.cost, somewhere, before)
        strategy = resolve_strategy(self.strategy, models, device)
        check_fits(strategy, self.space, self.objectives)
        if self.per is not None:
            from labloop.brain import EffortRule, with_effort  # noqa: PLC0415 - loads torch

            hours = self.per == "hour"
            limit = self.budget.hours if hours else self.budget.cost
            price = None if hours else self._cost_of
            rule = EffortRule(price, limit, self.parallel, counts_changeover(self.cost))
            strategy = with_effort(strategy, rule)
        return on_plate(strategy, self.plate, self.space)

    def _cost_of(self, point: Point, before: Point | None = None) -> float:
        return cost_of(self.cost, point, before)

    def _physics_models(self) -> "list[PhysicsModel]":
        """Return the models that compete, each of which fits space and outputs."""
        from labloop.physics import as_physics, bind  # noqa: PLC0415 - loads torch

        models = [as_physics(given) for given in self.competing]
        for model in models:
            bind(model, self.space)
            check_predicted(model, self.outputs, self.objectives.outputs)
        return models

    def to_json(self) -> dict[str, Json]:
        """Return everything that can be told without running code, as plain JSON."""
        return {
            "name": self.name,
            "space": self.space.spec(),
            "outputs": [_output_json(output) for output in self.outputs],
            "objective": self.objectives.spec(),
            "lab": self.lab or "",
            "physics": ", ".join(name_of(given) for given in self.competing),
            "strategy": self.strategy if isinstance(self.strategy, str) else self.strategy.name,
            "batch": self.batch,
            "parallel": self.parallel,
            "asynchronous": self.asynchronous,
            "seed": self.seed,
            **({} if self.per is None else {"per": self.per}),
            **({} if self.plate is None else {"plate": self.plate.spec()}),
            "budget": self.budget.spec(),
            "approval": self.approval,
            **({} if self.failures == FailurePolicy() else {"failures": self.failures.spec()}),
            "procedure": name_of(self.procedure),
            "analyse": name_of(self.analyse),
            **({"priority": self.priority} if self.priority else {}),
            **({"schedule": self.schedule} if self.schedule != "first come" else {}),
            **({"calibrated": dict(self.calibrated)} if self.calibrated else {}),
            **({"work": self.procedure.spec()} if is_work(self.procedure) else {}),
        }


def _output_json(output: Output) -> dict[str, Json]:
    if isinstance(output, Curve):
        return {"kind": "curve", "name": output.name, "x": output.x, "y": output.y}
    bounds: dict[str, Json] = {} if output.bounds is None else {"bounds": list(output.bounds)}
    return {"kind": "scalar", "name": output.name, "unit": output.unit, **bounds}
