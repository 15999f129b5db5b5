"""What a fit of a physics model to a table says: parameters, residuals, doubts."""

from collections.abc import Sequence
from dataclasses import dataclass

from labloop.physics import Prior
from labloop.records import Point


@dataclass(frozen=True, slots=True)
class FittedParameter:
    """One parameter after the fit, in the unit of its prior.

    Attributes:
        value: the estimate.
        low: lower end of the 90 % interval.
        high: upper end.
        width: standard deviation as a share of the prior's (1.0: nothing was learned).
        shift: how many standard deviations of the prior it lies from the prior's median.
        before: its prior.
        after: the prior that says what is known now.
    """

    name: str
    unit: str
    value: float
    low: float
    high: float
    width: float
    shift: float
    before: Prior
    after: Prior

    @property
    def sentence(self) -> str:
        """The parameter in words."""
        unit = "" if self.unit == "1" else f" {self.unit}"
        told = f"{self.value:.4g}{unit} ({self.low:.4g} to {self.high:.4g})"
        if self.width > 0.95:
            return f"{told}: the table says nothing about it"
        return f"{told}, prior {self.before.median:.4g}"


@dataclass(frozen=True, slots=True)
class FittedOutput:
    """How well one output is described.

    Attributes:
        rows: which rows of the table have it, counted from 0.
        measured: values in the unit of its declaration, of those rows.
        predicted: the same of the fitted physics.
        noise: standard deviation of its residuals (degrees of freedom taken off).
        told: mean standard deviation that the table gives, where it gives one for every row.
    """

    name: str
    unit: str
    rows: tuple[int, ...]
    measured: tuple[float, ...]
    predicted: tuple[float, ...]
    noise: float
    told: float | None = None

    @property
    def residuals(self) -> tuple[float, ...]:
        """Measured minus predicted."""
        return tuple(m - p for m, p in zip(self.measured, self.predicted, strict=True))

    @property
    def explained(self) -> float:
        """Share of the variance over the rows that the physics explains (R squared)."""
        middle = sum(self.measured) / len(self.measured)
        whole = sum((m - middle) ** 2 for m in self.measured)
        return 1.0 - sum(r**2 for r in self.residuals) / whole if whole > 0 else 1.0


@dataclass(frozen=True, slots=True)
class PhysicsFit:
    """A physics model fitted to a table.

    Attributes:
        model: its name.
        points: the rows' conditions, in the order of the table.
        parameters: in the order of the model.
        outputs: those that the model predicts and the table holds.
        correlation: of the estimates, ``p x p`` in the order of ``parameters``.
        doubts: what to know before the numbers are believed, in sentences, the weightiest first.
        next_points: the experiments that would teach most about the parameters, the best first.
    """

    model: str
    points: tuple[Point, ...]
    parameters: tuple[FittedParameter, ...]
    outputs: tuple[FittedOutput, ...]
    correlation: tuple[tuple[float, ...], ...]
    doubts: tuple[str, ...]
    next_points: tuple[Point, ...]

    @property
    def priors(self) -> dict[str, Prior]:
        """Parameter -> what is known of it now, for ``with_priors(model, fit.priors)``.

        Each by itself: that some are known better together than alone is lost, so that the priors
        say less than the table did.
        """
        return {parameter.name: parameter.after for parameter in self.parameters}

    def __str__(self) -> str:
        lines = [f"physics {self.model}, {len(self.points)} rows"]
        lines += [f"  {p.name} = {p.sentence}" for p in self.parameters]
        lines += [f"  {describe_output(output)}" for output in self.outputs]
        lines += [f"  ! {doubt}" for doubt in self.doubts]
        return "\n".join(lines)


def describe_output(output: FittedOutput) -> str:
    """Return in words how well an output is described."""
    unit = "" if output.unit == "1" else f" {output.unit}"
    rows = f"{len(output.rows)} row" + ("s" if len(output.rows) != 1 else "")
    if output.explained < 0:
        return (
            f"{output.name}: the physics describes {rows} worse than their mean does, "
            f"residuals {output.noise:.3g}{unit}"
        )
    return (
        f"{output.name}: {100 * output.explained:.4g} % of the variance of {rows} explained, "
        f"residuals {output.noise:.3g}{unit}"
    )


def listed(names: Sequence[str]) -> str:
    """Return names as a list in words."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
