"""Parameters from a table: right where the physics is, and doubted where it is not."""

import math

import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics import Arrhenius, FunctionPhysics, MichaelisMenten, Prior, bind, kinetics
from labloop.records import Scalar, ScalarValue
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import fit_physics

SPACE = SearchSpace(
    Continuous("minutes", 1, 60, unit="min", log=True),
    Continuous("temperature", 40, 80, unit="degC"),
    Continuous("amount", 0.01, 0.5, unit="mol/L"),
)
OUTPUTS = [Scalar("share", unit="%"), Scalar("waste")]


@kinetics(
    feed={"A": "amount"},
    time="minutes",
    temperature="temperature",
    outputs={"share": "P / A0", "waste": "W / A0"},
)
class TwoSteps:
    """A consecutive reaction."""

    k1 = Arrhenius(
        "A -> P",
        k=Prior(0.1, "1/min", fold=3),
        Ea=Prior(50, "kJ/mol", rel=0.3),
        at="60 degC",
    )
    k2 = Arrhenius(
        "P -> W",
        k=Prior(0.01, "1/min", fold=3),
        Ea=Prior(70, "kJ/mol", rel=0.3),
        at="60 degC",
    )


def table_of(model, z, rows, noise=0.01, seed=0, space=SPACE):
    """Return a table that the model itself makes at whitened parameters."""
    points = space.sample(rows, seed)
    generator = torch.Generator().manual_seed(seed)
    value = bind(model, space).predict(
        torch.as_tensor(space.encode(points)), torch.tensor(z, dtype=torch.float64)
    )
    value = value + noise * torch.randn(value.shape, generator=generator, dtype=torch.float64)
    names = model.outputs
    return [
        (point, {name: ScalarValue(float(v)) for name, v in zip(names, row, strict=True)})
        for point, row in zip(points, value, strict=True)
    ]


def test_the_constants_of_a_right_model_are_found():
    """Each interval holds the truth or nearly does, and is far narrower than the prior."""
    z = [0.7, -0.5, -0.8, 0.4]
    found = fit_physics(TwoSteps, SPACE, OUTPUTS, table_of(TwoSteps, z, 24))
    for parameter, true in zip(found.parameters, z, strict=True):
        assert abs(parameter.shift - true) < 4 * parameter.width
        assert parameter.width < 0.25
    assert not any("misses" in doubt for doubt in found.doubts)
    assert all(0.005 < output.noise < 0.02 for output in found.outputs)


def test_the_same_table_gives_the_same_bits():
    """Nothing depends on time or on what ran before."""
    rows = table_of(TwoSteps, [0.0, 0.0, 0.0, 0.0], 12)
    first = fit_physics(TwoSteps, SPACE, OUTPUTS, rows)
    assert fit_physics(TwoSteps, SPACE, OUTPUTS, rows) == first


def test_a_table_without_an_output_in_some_rows_is_used_for_what_it_has():
    """Every second row lacks one output."""
    rows = table_of(TwoSteps, [0.5, 0.0, 0.0, 0.0], 20)
    halved = [
        (point, values if i % 2 else {"share": values["share"]})
        for i, (point, values) in enumerate(rows)
    ]
    found = fit_physics(TwoSteps, SPACE, OUTPUTS, halved)
    assert {o.name: len(o.rows) for o in found.outputs} == {"share": 20, "waste": 10}
    assert abs(found.parameters[0].shift - 0.5) < 0.2


def test_a_result_in_another_unit_is_converted():
    """Percent in the table, a share in the model."""
    rows = table_of(TwoSteps, [0.5, 0.0, 0.0, 0.0], 20)
    percent = [
        (p, {"share": ScalarValue(100 * v["share"].value, "%"), "waste": v["waste"]})
        for p, v in rows
    ]
    plain = fit_physics(TwoSteps, SPACE, OUTPUTS, rows)
    found = fit_physics(TwoSteps, SPACE, OUTPUTS, percent)
    assert found.parameters[0].value == pytest.approx(plain.parameters[0].value, rel=1e-6)


def test_a_missing_mechanism_is_told_by_what_its_residuals_follow():
    """A reaction of one step is fitted to a table of two."""

    @kinetics(
        feed={"A": "amount"}, time="minutes", temperature="temperature", outputs={"share": "P / A0"}
    )
    class OneStep:
        k1 = Arrhenius(
            "A -> P",
            k=Prior(0.1, "1/min", fold=3),
            Ea=Prior(50, "kJ/mol", rel=0.3),
            at="60 degC",
        )

    rows = table_of(TwoSteps, [0.0, 0.0, 1.5, 0.0], 30)
    doubts = fit_physics(OneStep, SPACE, OUTPUTS, rows).doubts
    assert any("residuals of share" in doubt and "misses something" in doubt for doubt in doubts)


def test_minutes_taken_for_seconds_are_suspected():
    """A constant that is wrong by 60 is called what it probably is."""
    wide = FunctionPhysics(
        lambda x, t: 1 - torch.exp(-x["minutes"] * t["k"]),
        {"k": Prior(0.1 / 60, "1/min", fold=4)},
        {"minutes": "min"},
        ["share"],
    )
    true = FunctionPhysics(
        lambda x, t: 1 - torch.exp(-x["minutes"] * t["k"]),
        {"k": Prior(0.1, "1/min", fold=4)},
        {"minutes": "min"},
        ["share"],
    )
    doubts = fit_physics(wide, SPACE, OUTPUTS, table_of(true, [0.0], 20)).doubts
    assert any("a factor near 60, were minutes and seconds" in doubt for doubt in doubts)


def test_what_is_only_known_together_is_told_with_what_is_known_of_it():
    """Far below Km only vmax/Km can be seen."""

    @kinetics(feed={"A": "amount"}, time="minutes", outputs={"share": "P / A0"})
    class Enzyme:
        v = MichaelisMenten(
            "A -> P", vmax=Prior(0.5, "mol/L/min", fold=3), Km=Prior(30, "mol/L", fold=3)
        )

    found = fit_physics(Enzyme, SPACE, OUTPUTS, table_of(Enzyme, [0.0, 0.0], 24, 0.002))
    told = next(d for d in found.doubts if "cannot be told apart" in d)
    assert "their quotient is known to" in told
    assert float(told.rpartition("known to ")[2].removesuffix(" %")) < 5


def test_a_constant_that_nothing_measured_depends_on_keeps_its_prior():
    """And that is said."""
    model = FunctionPhysics(
        lambda x, t: 1 - torch.exp(-x["minutes"] * t["k"]) + 0 * t["unseen"],
        {"k": Prior(0.1, "1/min", fold=3), "unseen": Prior(2, fold=2)},
        {"minutes": "min"},
        ["share"],
    )
    found = fit_physics(model, SPACE, OUTPUTS, table_of(model, [0.2, 0.0], 12))
    assert any("says nothing about unseen" in doubt for doubt in found.doubts)
    after = found.priors["unseen"]
    assert after.median == pytest.approx(2, rel=0.1)
    assert after.rel == pytest.approx(math.log(2), rel=0.15)


def test_experiments_that_would_teach_most_do():
    """Told after a fit to short times only: the long times that show the second step."""
    rows = [row for row in table_of(TwoSteps, [0.0] * 4, 40) if row[0]["minutes"] < 4]
    found = fit_physics(TwoSteps, SPACE, OUTPUTS, rows)
    assert len(found.next_points) == 3
    assert min(point["minutes"] for point in found.next_points) > 8


@pytest.mark.parametrize(("rows", "width"), [(1, 0.5), (2, 0.01), (3, 0.01)])
def test_few_rows_are_not_believed_to_every_digit(rows, width):
    """Not where the fit is exact either; and nothing is known worse than the prior."""
    found = fit_physics(TwoSteps, SPACE, OUTPUTS, table_of(TwoSteps, [0.0] * 4, rows))
    assert all(0 < parameter.width <= 1 for parameter in found.parameters)
    assert max(parameter.width for parameter in found.parameters) > width


def test_known_deviations_are_believed():
    """Where the table says how good a value is, that is the noise; a misfit beyond it is told."""
    rows = [
        (p, {n: ScalarValue(v.value, v.unit, sd=0.001) for n, v in values.items()})
        for p, values in table_of(TwoSteps, [0.0] * 4, 24, noise=0.01)
    ]
    found = fit_physics(TwoSteps, SPACE, OUTPUTS, rows)
    assert any("times the standard deviation that the table gives" in d for d in found.doubts)


def test_a_table_that_measures_something_else_is_refused():
    """With what the model predicts and what the table has."""
    point = SPACE.sample(1, 0)[0]
    with pytest.raises(PhysicsError, match="predicts share, waste, and the table measures other"):
        fit_physics(TwoSteps, SPACE, [Scalar("other")], [(point, {"other": ScalarValue(1)})])
