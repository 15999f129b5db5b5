"""Kinetics in arrays: the numbers are those of tensors, which do what arrays cannot."""

import hashlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.physics import Arrhenius, Dose, Langmuir, MichaelisMenten, Prior, Rate, kinetics
from labloop.physics.language.prior import Whitening
from labloop.physics.reactions.integration import integrator
from labloop.physics.reactions.integration.array_conversion import converts_to_array, to_array

K, EA = Prior(3, "L/mol/min", fold=2.7), Prior(45, "kJ/mol", rel=0.3)
NETWORKS = {
    "mass action": {
        "k1": Arrhenius("A + N -> P", k=K, Ea=EA, at="90 degC"),
        "k2": Arrhenius("P + N -> Q", k=K, Ea=EA, at="90 degC"),
        "k3": Arrhenius("A + A -> D", k=K, Ea=EA, at="90 degC"),
        "k4": Arrhenius("D -> A + A", k=Prior(0.3, "1/min", fold=2.7), Ea=EA, at="90 degC"),
    },
    "held back": {
        "k1": Langmuir(
            "A -> P",
            k=Prior(3, "1/min", fold=2),
            adsorption={"A": Prior(20, "L/mol", fold=2), "N": Prior(2, "L/mol", fold=2)},
            power=2,
        ),
        "k2": MichaelisMenten(
            "P -> Q", vmax=Prior(0.2, "mol/L/min", fold=2), Km=Prior(0.1, "mol/L", fold=2)
        ),
    },
    "orders": {
        "third": Rate("2 A + N -> P", k=Prior(5, "L^2/mol^2/min", fold=3)),
        "first": Rate("P -> Q", k=Prior(0.3, "1/min", fold=3)),
    },
    # Far faster than the grid: steps overshoot and have to be cut short.
    "very stiff": {
        "f": Rate("2 A -> P", k=Prior(10, "L/mol/min", fold=3)),
        "b": Rate("P -> 2 A", k=Prior(2e5, "1/min", fold=3)),
        "c": Rate("P + A -> Q", k=Prior(1e7, "L/mol/min", fold=30)),
        "n": Rate("N -> Z", k=Prior(1, "1/min", fold=3)),
    },
}
DOSE = Dose({"N": "2 mol/L"}, volume="50 mL", over="3 min", into="100 mL")


def made(network, *, dosed):
    """Return a model of one of the networks."""
    given = {"A": "amount"} if dosed else {"A": "amount", "N": "2*amount"}
    hot = {"temperature": "temperature"} if network == "mass action" else {}
    return kinetics(
        feed=given,
        time="time",
        outputs={"y": "P / A0", "left": ("A", "mol/L")},
        dose=DOSE if dosed else None,
        **hot,
    )(type("Toy", (), NETWORKS[network]))


def inputs(count, seed):
    """Return inputs and parameters at random, ``count`` of each."""
    draw = torch.Generator().manual_seed(seed)
    share = torch.rand(3, count, generator=draw, dtype=torch.float64)
    return {
        "amount": 50 + 450 * share[0],
        "time": 5 + 600 * share[1],
        "temperature": 300 + 90 * share[2],
    }


def parameters(model, count, seed):
    """Return SI parameters around the priors' centres."""
    draw = torch.Generator().manual_seed(seed + 1)
    z = torch.randn(count, len(model.parameters), generator=draw, dtype=torch.float64)
    return Whitening(model.parameters).si(z)


@pytest.fixture
def in_tensors(monkeypatch):
    """Return a function that solves in tensors, though no gradient is asked for."""

    def solve(model, x, theta):
        with monkeypatch.context() as patch:
            patch.setattr(integrator, "converts_to_array", lambda _tensor: False)
            return model.predict(x, theta)

    return solve


@pytest.mark.parametrize("dosed", [False, True])
@pytest.mark.parametrize("network", list(NETWORKS))
@pytest.mark.parametrize("count", [1, 7, 600])
def test_the_numbers_are_those_of_tensors(in_tensors, network, dosed, count):
    """Whatever the network, the feed and the size of the batch, both ways agree to rounding."""
    model = made(network, dosed=dosed)
    x, theta = inputs(count, 3), parameters(model, count, 3)
    fast, slow = model.predict(x, theta), in_tensors(model, x, theta)
    assert torch.isfinite(fast).all()
    # Rates 1e12 times as fast as the grid magnify the rounding of either way.
    close = 1e-5 if network == "very stiff" else 1e-9
    torch.testing.assert_close(fast, slow, rtol=close, atol=close)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(-6, 6))
def test_mass_is_kept_whatever_the_rates(seed, scale):
    """Totals that the network conserves are conserved to rounding, also where steps are cut."""
    model = made("very stiff", dosed=False)
    x, theta = inputs(5, seed), parameters(model, 5, seed) * 10.0**scale
    for gap in model.balances(x, theta).values():
        assert float(gap.abs().max()) < 1e-12


@pytest.mark.parametrize("dosed", [False, True])
@pytest.mark.parametrize("network", list(NETWORKS))
def test_an_experiment_is_the_same_in_every_batch(network, dosed):
    """A solve does not depend on what is solved beside it: the same bits alone and among 2100."""
    model = made(network, dosed=dosed)
    x, theta = inputs(2100, 5), parameters(model, 2100, 5)
    whole = model.predict(x, theta)
    for row in (0, 255, 2047, 2048, 2099):
        alone = model.predict({k: v[row : row + 1] for k, v in x.items()}, theta[row : row + 1])
        assert torch.equal(alone[0], whole[row])


ONE_STEPS = (
    "A -> P",
    "A + N -> P",
    "P + N -> Q",
    "A + P -> Q + N",
    "2 A -> D",
    "D -> 2 A",
    "Q -> Z",
)
PER = {1: "1/min", 2: "L/mol/min"}


@settings(max_examples=25, deadline=None)
@given(
    chosen=st.sets(st.sampled_from(ONE_STEPS), min_size=1, max_size=6),
    seed=st.integers(0, 10_000),
)
def test_any_network_has_the_numbers_of_tensors(chosen, seed):
    """Two to seven reactions, at inputs and constants at random: equal to rounding."""
    steps = {"first": Rate("A -> P", k=Prior(0.3, "1/min", fold=3))}
    for i, text in enumerate(sorted(chosen)):
        order = text.split("->")[0].count("+") + 1 + text.startswith("2 ")
        steps[f"k{i}"] = Rate(text, k=Prior(2.0, PER[order], fold=3))
    fed = {"A": "amount", "N": "2*amount", "D": "0.1*amount", "Q": "0.1*amount"}
    taking_part = " ".join(step.reaction for step in steps.values()).replace("2 ", "").split()
    model = kinetics(
        feed={s: given for s, given in fed.items() if s in taking_part},
        time="time",
        outputs={"y": "P / A0"},
    )(type("Toy", (), steps))
    x, theta = inputs(9, seed), parameters(model, 9, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(integrator, "converts_to_array", lambda _tensor: False)
        slow = model.predict(x, theta)
    torch.testing.assert_close(model.predict(x, theta), slow, rtol=1e-9, atol=1e-9)


def digest():
    """Return a digest of the bits of what every network gives."""
    found = [
        model.predict(inputs(70, 4), parameters(model, 70, 4)).numpy().tobytes()
        for model in (made(name, dosed=dosed) for name in NETWORKS for dosed in (False, True))
    ]
    return hashlib.sha256(b"".join(found)).hexdigest()


def test_another_processor_gives_the_same_bits_and_nothing_is_compiled():
    """Without the vector instructions that NumPy chooses by the processor; no compiler loaded."""
    umath = np._core._multiarray_umath
    extra = [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__[name]]
    code = """
        import sys
        import test_array_integrator
        print(test_array_integrator.digest())
        print(sorted({"numba", "llvmlite", "torch.utils.cpp_extension"} & set(sys.modules)))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(extra)},
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.split("\n")[:2] == [digest(), "[]"], done.stderr[-2000:]


def test_gradients_flow_as_before():
    """Where a gradient is asked for it comes, and it is the slope of what is solved without."""
    model = made("mass action", dosed=False)
    x, theta = inputs(4, 7), parameters(model, 4, 7)
    asked = theta.clone().requires_grad_()
    found = model.predict(x, asked)
    torch.testing.assert_close(found.detach(), model.predict(x, theta), rtol=1e-9, atol=1e-9)
    (slope,) = torch.autograd.grad(found[:, 0].sum(), asked)
    step = 1e-6 * theta[:, 0]
    more, less = theta.clone(), theta.clone()
    more[:, 0] += step
    less[:, 0] -= step
    rise = (model.predict(x, more) - model.predict(x, less))[:, 0] / (2 * step)
    torch.testing.assert_close(slope[:, 0], rise, rtol=1e-4, atol=1e-12)


def test_a_course_has_a_slope_at_its_very_start():
    """Where no time has passed next to nothing reacts, and gradients are numbers all the same."""
    steps = {label: NETWORKS["mass action"][label] for label in ("k1", "k2", "k3")}
    model = kinetics(
        feed={"A": "amount", "N": "2*amount"},
        time="time",
        temperature="temperature",
        outputs={"y": "P / A0"},
    )(type("Toy", (), steps))
    x, theta = inputs(400, 2), parameters(model, 400, 2).requires_grad_()
    x["time"] = torch.zeros(400, dtype=torch.float64)
    (slope,) = torch.autograd.grad(model.predict(x, theta).sum(), theta)
    assert torch.isfinite(slope).all()


def test_transformed_functions_are_solved_in_tensors():
    """Forward differentiation goes through the model as through any function of tensors."""
    model = made("mass action", dosed=False)
    x, theta = inputs(3, 9), parameters(model, 3, 9)

    def one(theta):
        return model.predict({k: v[0] for k, v in x.items()}, theta)

    _, tangent = torch.func.jvp(one, (theta[0],), (1e-6 * theta[0],))
    rise = one(theta[0] * (1 + 1e-6)) - one(theta[0])
    torch.testing.assert_close(tangent, rise, rtol=1e-3, atol=1e-12)


def test_only_plain_numbers_are_taken():
    """A tensor that is asked for a gradient is not plain, unless gradients are off."""
    asked = torch.ones(3, dtype=torch.float64, requires_grad=True)
    assert not converts_to_array(asked)
    with torch.no_grad():
        assert converts_to_array(asked)
    assert to_array(torch.ones(2, 3).T).flags["C_CONTIGUOUS"]
