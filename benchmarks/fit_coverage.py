"""How often the 90 % intervals of ``labloop physics fit`` hold the truth.

Usage: python -m benchmarks.fit_coverage [TABLES]

Tables are drawn from the model itself: constants from their priors, 8 or 24 points spread over
the space, noise of 1 or 5 % of the range. Prints a line for each kind of table.
"""

import sys

import torch

from labloop.physics import Arrhenius, Kinetics, Prior, bind, kinetics
from labloop.records import Scalar, ScalarValue
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import PhysicsFit, fit_physics

SPACE = SearchSpace(
    Continuous("temperature", 30, 120, unit="degC"),
    Continuous("minutes", 0.5, 60, unit="min", log=True),
    Continuous("amount", 0.05, 0.5, unit="mol/L"),
    Continuous("excess", 1, 5),
)
OUTPUTS = (Scalar("y"), Scalar("bis"))


class _Substitution:
    """Consecutive substitution: two rate constants, two activation energies."""

    k1 = Arrhenius(
        "A + N -> P",
        k=Prior(30, "L/mol/min", fold=3),
        Ea=Prior(45, "kJ/mol", rel=0.3),
        at="90 degC",
    )
    k2 = Arrhenius(
        "P + N -> Bis",
        k=Prior(0.4, "L/mol/min", fold=3),
        Ea=Prior(50, "kJ/mol", rel=0.3),
        at="90 degC",
    )


SUBSTITUTION = kinetics(
    feed={"A": "amount", "N": "excess*amount"},
    time="minutes",
    temperature="temperature",
    outputs={"y": "P / A0", "bis": "Bis / A0"},
)(_Substitution)


def fitted(model: Kinetics, rows: int, noise: float, seed: int) -> tuple[PhysicsFit, list[float]]:
    """Return the fit of a table drawn from the model, and the true values of its parameters."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(len(model.parameters), generator=generator, dtype=torch.float64)
    points = SPACE.sample(rows, seed)
    value = bind(model, SPACE).predict(torch.as_tensor(SPACE.encode(points)), z)
    value = value + noise * torch.randn(value.shape, generator=generator, dtype=torch.float64)
    table = [
        (point, {o.name: ScalarValue(float(v)) for o, v in zip(OUTPUTS, row, strict=True)})
        for point, row in zip(points, value, strict=True)
    ]
    truth = [p.prior.natural(float(t)) for p, t in zip(model.parameters, z, strict=True)]
    return fit_physics(model, SPACE, OUTPUTS, table, seed=seed), truth


def main() -> None:
    """Print the share of intervals that hold the truth."""
    tables = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for rows, noise in ((8, 0.01), (8, 0.05), (24, 0.01), (24, 0.05)):
        held, doubted = 0, 0
        for seed in range(tables):
            found, truth = fitted(SUBSTITUTION, rows, noise, seed)
            held += sum(p.low <= t <= p.high for p, t in zip(found.parameters, truth, strict=True))
            doubted += any("misses something that depends" in doubt for doubt in found.doubts)
        share = held / (tables * len(SUBSTITUTION.parameters))
        print(
            f"{rows} rows, noise {noise:g}: {100 * share:.0f} % of the 90 % intervals hold the "
            f"truth, a misfit is claimed in {doubted} of {tables} tables"
        )


if __name__ == "__main__":
    main()
