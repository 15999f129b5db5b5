"""Reaction networks are read from SBML and Antimony, and solve what the file says."""

import pytest
import torch
from scipy.integrate import solve_ivp

from labloop.errors import PhysicsError
from labloop.physics import Prior, RateLaw, Shared, bind, check_physics, kinetics, read_network
from labloop.space import Continuous, SearchSpace

antimony = pytest.importorskip("antimony", reason="the extra [sbml] is not installed")

SPACE = SearchSpace(
    Continuous("minutes", 1, 60, unit="min"), Continuous("amount", 0.01, 0.5, unit="mol/L")
)
POINT = torch.tensor([[0.2, 0.5]], dtype=torch.float64)
MINUTES, AMOUNT = 1 + 59 * 0.2, 0.01 + 0.49 * 0.5
PATHWAY = """
model pathway
  compartment vessel = 2;
  species A in vessel, P in vessel, W in vessel, $E in vessel;
  A = 0.1; P = 0; W = 0; E = 0.5;
  k1 = 0.1; Km = 0.2; k2 = 0.001;
  J1: A -> P; vessel*k1*E*A/(Km + A);
  J2: P -> W; vessel*k2*P/(1 + P^2/Km);
end
"""


def network(folder, text=PATHWAY, name="pathway.ant", **changes):
    """Return the physics of a file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    given = {"feed": {"A": "amount"}, "time": "minutes", "outputs": {"y": "P / A0"}}
    return read_network(path, **{**given, **changes})


def predicted(model):
    """Return the output at the point, at the priors' medians."""
    at = torch.zeros(len(model.parameters), dtype=torch.float64)
    return float(bind(model, SPACE).predict(POINT, at)[0, 0])


def test_a_file_solves_to_what_its_equations_say(tmp_path):
    """Against SciPy: a compartment of two litres, an enzyme that is kept, two laws."""

    def change(_, c):
        v = 0.1 * 0.5 * c[0] / (0.2 + c[0])
        w = 0.001 * c[1] / (1 + c[1] ** 2 / 0.2)
        return [-v, v - w]

    solved = solve_ivp(change, (0, 60 * MINUTES), [AMOUNT, 0], rtol=1e-9, atol=1e-12)
    made = network(tmp_path, steps=320)
    assert predicted(made) == pytest.approx(solved.y[1, -1] / AMOUNT, abs=1e-4)
    assert check_physics(network(tmp_path), SPACE).passed


def test_sbml_and_antimony_are_the_same(tmp_path):
    """The one written from the other."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(PATHWAY) >= 0
    sbml = antimony.getSBMLString(antimony.getMainModuleName())
    assert predicted(network(tmp_path, sbml, "pathway.xml")) == predicted(network(tmp_path))


def test_what_is_learned_is_one_parameter_wherever_it_stands(tmp_path):
    """By a factor around the file's value, or a prior of one's own."""
    made = network(tmp_path, learn={"k1": 3, "Km": Prior(0.3, fold=2)})
    assert [(p.name, p.prior.median) for p in made.parameters] == [("Km", 0.3), ("k1", 0.1)]
    assert check_physics(made, SPACE).passed


def test_a_shared_constant_has_one_prior():
    """Two priors under one name are refused."""
    laws = {
        "a": RateLaw("A -> P", "k*A", k=Shared("k", Prior(1, "1/min", fold=2))),
        "b": RateLaw("P -> W", "k*P", k=Shared("k", Prior(2, "1/min", fold=2))),
    }
    with pytest.raises(PhysicsError, match="shares 'k', which has another prior elsewhere"):
        kinetics(feed={"A": "amount"}, time="minutes", outputs={"y": "P / A0"})(
            type("Two", (), laws)
        )


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("at (time > 3): A = 0.2;", "has 1 event"),
        ("k1 := 0.1*time;", "has 1 rule"),
        ("J3: -> P; vessel*k2;", "'J3' of pathway.ant makes P of nothing"),
        ("J3: 0.5 P -> W; vessel*k2*P;", "takes 0.5 P; stoichiometric factors are whole"),
        ("J3: P -> W; ", "'J3' of pathway.ant has no kinetic law"),
        ("J3: P -> W; vessel*k2*piecewise(1, P > 1, 0);", "contains"),
        ("compartment other = 1; species Z in other; Z = 1;", "in 2 compartments"),
    ],
)
def test_what_a_vessel_has_not_is_refused(tmp_path, line, match):
    """With the file and the name in it."""
    with pytest.raises(PhysicsError, match=match):
        network(tmp_path, PATHWAY.replace("\nend", f"\n  {line}\nend"))


@pytest.mark.parametrize(
    ("text", "name", "changes", "match"),
    [
        ("model m; A ->", "pathway.ant", {}, "is no Antimony that can be read"),
        ("<sbml>", "pathway.xml", {}, "is no SBML that can be read"),
        (PATHWAY, "pathway.ant", {"feed": {"Q": "amount"}}, "no species Q that changes; it has A"),
        (PATHWAY, "pathway.ant", {"learn": {"k9": 3}}, "has no parameter k9; it has E, k1"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path, text, name, changes, match):
    """A file that is none, a name that is not there."""
    with pytest.raises(PhysicsError, match=match):
        network(tmp_path, text, name, **changes)


def test_a_file_that_is_missing_is_told(tmp_path):
    """With its name."""
    with pytest.raises(PhysicsError, match=r"none\.xml cannot be read"):
        read_network(tmp_path / "none.xml", feed={}, time="minutes", outputs={"y": "P"})
