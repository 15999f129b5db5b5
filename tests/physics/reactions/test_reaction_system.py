"""Species, stoichiometry and constants of a set of reactions; the dose that runs into them."""

import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics import Dose, Langmuir, Rate
from labloop.physics.language import Coefficients
from labloop.physics.reactions.dosing import dose_coefficients
from labloop.physics.reactions.reaction_system import ReactionSystem


def system(laws, fed):
    """Return the reaction system of some rate laws with known constants."""
    coefficients = Coefficients("toy")
    rates = [r for k, law in laws.items() for r in law.rate_expressions(k, coefficients)]
    return ReactionSystem("toy", rates, fed)


def test_species_are_in_order_and_columns_are_reactions():
    """The fed ones first."""
    made = system(
        {"k1": Rate("A + N -> P", "1 L/mol/s"), "k2": Rate("P -> Q", "2 1/s")}, ["N", "A"]
    )
    assert made.species == ("N", "A", "P", "Q")
    assert made.stoichiometry == ((-1, 0), (-1, 0), (1, -1), (0, 1))
    constants = made.rate_constants({}, torch.zeros(0).double(), None, torch.zeros(3).double())
    assert constants.k.tolist() == pytest.approx([1e-3, 2.0])
    assert constants.denominator is None


def test_a_rate_with_a_denominator_has_a_constant_for_every_species():
    """Zero of those that do not adsorb."""
    made = system({"r": Langmuir("A -> P", "3 1/s", {"A": "20 L/mol"}, power=2)}, ["A"])
    constants = made.rate_constants({}, torch.zeros(0).double(), None, torch.zeros(3).double())
    assert constants.denominator.tolist() == [pytest.approx([0.02, 0.0])]
    assert constants.power.tolist() == [[2.0]]


@pytest.mark.parametrize(
    ("law", "fed", "accelerates"),
    [
        (Rate("A -> P", "1 1/s"), ["A"], False),
        (Rate("A + P -> 2 P", "1 L/mol/s"), ["A", "P"], True),
        (Langmuir("A -> P", "3 1/s", {"A": "20 L/mol"}, power=2), ["A"], True),
        (Langmuir("A -> P", "3 1/s", {"A": "20 L/mol"}), ["A"], False),
    ],
)
def test_rates_that_grow_while_they_run_are_known(law, fed, accelerates):
    """Autocatalysis, and a surface that its reactant blocks: they get a finer grid."""
    assert system({"k": law}, fed).accelerates is accelerates


@pytest.mark.parametrize(
    ("laws", "fed", "match"),
    [
        ({}, ["A"], "has no reaction"),
        ({"k": Rate("A -> P", "1 1/s")}, [], "never has any A"),
        ({"k": Rate("A -> P", "1 1/s")}, ["A", "S"], "feeds S, which takes part in no reaction"),
        ({"k": Rate("A -> A0", "1 1/s")}, ["A"], "uses A0 for two things"),
        (
            {"k": Langmuir("A -> P", "3 1/s", {"X": "20 L/mol"})},
            ["A"],
            "a rate law speaks of X, which takes part in no reaction",
        ),
    ],
)
def test_reactions_that_make_no_system_are_refused(laws, fed, match):
    """With the species that is at fault."""
    with pytest.raises(PhysicsError, match=match):
        system(laws, fed)


def test_a_dose_is_relative_to_the_volume_at_the_start():
    """20 mL of 2 mol/L into 100 mL: 400 mol per m^3 of the start, half of it at half the time."""
    made = system({"k": Rate("A + N -> P", "1 L/mol/s")}, ["A", "N"])
    dose = Dose({"N": "2 mol/L"}, volume="20 mL", over="10 min", into="100 mL")
    dosing = dose_coefficients("toy", dose, Coefficients("toy")).dosing(
        made, {}, torch.zeros(0).double()
    )
    times = torch.tensor([0.0, 300.0, 600.0, 900.0]).double()
    dosed = dosing.relative_volume.at(times)
    assert dosed.tolist() == pytest.approx([0.0, 0.1, 0.2, 0.2])
    assert (dosed[-1] * dosing.feed).tolist() == pytest.approx([0.0, 400.0, 0.0])
