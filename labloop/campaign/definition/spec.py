"""What a user writes: the definition of one campaign."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labloop.campaign.decisions import Budget, FailurePolicy, MachineConfig, StopRule
from labloop.campaign.definition.user_code import cost_of
from labloop.errors import CampaignFileError
from labloop.objectives import Aim, Objectives
from labloop.records import Curve, Json, Output, Point, Scalar
from labloop.space import SearchSpace

if TYPE_CHECKING:
    from labloop.brain import Strategy
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
            in a lab, or a plain function ``(x)``, ``def`` or ``async def``, that needs none.
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
        failures: what happens after failures.
        approval: whether each proposal waits for a person's yes.
        cost: what one experiment at a point costs; needed for ``Budget(cost=...)``.

    Raises:
        CampaignFileError: something does not fit together; the message says what to change.
    """

    name: str
    space: SearchSpace
    outputs: Sequence[Output]
    objective: Aim | Sequence[Aim]
    procedure: Callable[..., Any] | None = None
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
    cost: Callable[[Point], float] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise CampaignFileError(
                f"a campaign's name is made of letters, digits and _ . - (64 at most), "
                f"got {self.name!r}"
            )
        if not isinstance(self.space, SearchSpace):
            raise CampaignFileError(f"space must be a SearchSpace, got {self.space!r}")
        _check_outputs(self.outputs)
        self.space.refuse_outputs([output.name for output in self.outputs])
        self.objectives.check(self.outputs)
        for name in ("batch", "parallel"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise CampaignFileError(f"{name} must be a whole number from 1, got {value!r}")
        if not isinstance(self.seed, int) or not 0 <= self.seed < 2**63:
            raise CampaignFileError(
                f"seed must be a whole number from 0 to {2**63 - 1}, got {self.seed!r}"
            )
        _check_kinds(self)
        if self.budget.cost is not None and self.cost is None:
            raise CampaignFileError(
                "a budget of cost needs the function cost=lambda point: ... in the spec"
            )
        _check_procedure(self.procedure, self.lab)
        _check_analyse(self.analyse)

    @property
    def objectives(self) -> Objectives:
        """The aims as one value."""
        return Objectives.of(self.objective)

    @property
    def is_function(self) -> bool:
        """Whether a plain function carries experiments out, without a lab."""
        return self.procedure is not None and self.lab is None

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

    def machine_config(self) -> MachineConfig:
        """Return what the loop needs of this spec."""
        return MachineConfig(
            budget=self.budget,
            policy=self.failures,
            batch=self.batch,
            parallel=self.parallel,
            asynchronous=self.asynchronous,
            approval=self.approval,
        )

    def resolve(self, device: str = "auto") -> "Strategy":
        """Return the strategy with its physics; raises where they or cost do not fit the space.

        ``device`` says where physics is solved. It is no part of the definition: it is this
        machine's, and another one may take the campaign up.
        """
        from labloop.brain import resolve_strategy  # noqa: PLC0415 - not every command asks

        models = self._physics_models() if self.competing else None
        cost_of(self.cost, self.space.sample(1, self.seed)[0])
        return resolve_strategy(self.strategy, models, device)

    def _physics_models(self) -> "list[PhysicsModel]":
        """Return the models that compete, each of which fits space and outputs."""
        from labloop.physics import as_physics, bind  # noqa: PLC0415 - loads torch

        models = [as_physics(given) for given in self.competing]
        for model in models:
            bind(model, self.space)
            self._check_physics_outputs(model.name, model.outputs)
        return models

    def _check_physics_outputs(self, name: str, predicted: Sequence[str]) -> None:
        declared = [output.name for output in self.outputs]
        unknown = [output for output in predicted if output not in declared]
        if unknown:
            raise CampaignFileError(
                f"the physics predicts {unknown}, which the campaign does not declare; "
                f"declared outputs are {declared}"
            )
        wanted = self.objectives.outputs
        if not set(wanted) & set(predicted):
            raise CampaignFileError(
                f"physics {name!r} predicts {', '.join(predicted) or 'curves alone'}, none of "
                f"which the objective reads ({', '.join(wanted)}); add that to its outputs"
            )

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
            "budget": self.budget.spec(),
            "approval": self.approval,
            "procedure": name_of(self.procedure),
            "analyse": name_of(self.analyse),
        }


def name_of(thing: object) -> str:
    """Return how a person calls a function, model or object of theirs; empty for nothing."""
    if thing is None or isinstance(thing, str):
        return thing or ""
    name = getattr(thing, "__name__", None) or getattr(thing, "name", None)
    return str(name or type(thing).__name__)


def _output_json(output: Output) -> dict[str, Json]:
    if isinstance(output, Curve):
        return {"kind": "curve", "name": output.name, "x": output.x, "y": output.y}
    bounds: dict[str, Json] = {} if output.bounds is None else {"bounds": list(output.bounds)}
    return {"kind": "scalar", "name": output.name, "unit": output.unit, **bounds}


def _check_outputs(outputs: Sequence[Output]) -> None:
    if not isinstance(outputs, (list, tuple)) or not outputs:
        raise CampaignFileError(
            'outputs must name what is measured, for example [Scalar("product_yield")]'
        )
    seen: set[str] = set()
    for output in outputs:
        if not isinstance(output, (Scalar, Curve)):
            raise CampaignFileError(f"an output must be a Scalar or a Curve, got {output!r}")
        if output.name in seen:
            raise CampaignFileError(f"output {output.name!r} is declared twice; rename one")
        seen.add(output.name)


def _check_kinds(spec: CampaignSpec) -> None:
    """Refuse here what the loop would stumble over when it comes to it, hours later."""
    rules = spec.stop if isinstance(spec.stop, (list, tuple)) else (None,)
    wanted = {
        "budget": (isinstance(spec.budget, Budget), "a Budget such as Budget(experiments=30)"),
        "failures": (
            isinstance(spec.failures, FailurePolicy),
            "a FailurePolicy such as FailurePolicy(stop_after=3)",
        ),
        "stop": (
            all(callable(getattr(rule, "met", None)) for rule in rules),
            "a list of rules such as [NoImprovement(10)]",
        ),
        "cost": (
            spec.cost is None or callable(spec.cost),
            "a function of a point such as lambda point: 2.5",
        ),
        "strategy": (
            isinstance(spec.strategy, str) or _is_strategy(spec.strategy),
            "a name such as 'auto', or an object with `name` and `propose`",
        ),
    }
    for name, (fits, what) in wanted.items():
        if not fits:
            raise CampaignFileError(f"{name} must be {what}, got {getattr(spec, name)!r}")


def _is_strategy(thing: object) -> bool:
    made = not isinstance(thing, type)
    named = isinstance(getattr(thing, "name", None), str)
    return made and named and callable(getattr(thing, "propose", None))


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Return whether a function can be called with so many arguments by their place."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # one written in C tells nothing of itself
        return True
    return True


def _check_analyse(analyse: Callable[..., Any] | None) -> None:
    if analyse is None:
        return
    if not callable(analyse):
        raise CampaignFileError(f"analyse must be a function of the raw data, got {analyse!r}")
    if inspect.iscoroutinefunction(analyse):
        raise CampaignFileError(
            f"the analysis {name_of(analyse)!r} must be a plain 'def': it only computes, "
            "so there is nothing to await"
        )
    if not _takes(analyse, 1):
        raise CampaignFileError(
            f"the analysis {name_of(analyse)!r} must take one argument, the raw data: "
            "def analyse(raw)"
        )


def _check_procedure(procedure: Callable[..., Any] | None, lab: str | None) -> None:
    if procedure is None:
        return
    if not callable(procedure):
        raise CampaignFileError(
            f"procedure must be a function of the conditions, got {procedure!r}"
        )
    if lab is None:
        _check_function(procedure)
        return
    if not _takes(procedure, 2):
        one = _takes(procedure, 1) and "; a plain function of x needs no lab: leave lab= out"
        raise CampaignFileError(
            f"the procedure {name_of(procedure)!r} must take two arguments, the lab and the "
            f"conditions: async def react(lab, x){one or ''}"
        )
    if not inspect.iscoroutinefunction(procedure):
        raise CampaignFileError(
            f"the procedure {name_of(procedure)!r} must be written 'async def', "
            "or its actions would never be awaited"
        )
    if Path(lab).is_absolute() or ".." in Path(lab).parts:
        raise CampaignFileError(
            f"lab must be a file beside or below the campaign file, got {lab!r}"
        )


def _check_function(procedure: Callable[..., Any]) -> None:
    if _takes(procedure, 1):
        return
    if _takes(procedure, 2):
        raise CampaignFileError(
            f'the procedure {name_of(procedure)!r} takes a lab: add lab="lab.toml" to the '
            "spec, or make it a plain function of the conditions: def measure(x)"
        )
    raise CampaignFileError(
        f"the procedure {name_of(procedure)!r} must take one argument, the conditions: "
        "def measure(x), or with a lab two: async def react(lab, x)"
    )
