"""Reactions and arithmetic are read strictly; conserved totals are what a chemist writes."""

import pytest

from labloop.errors import PhysicsError
from labloop.physics.reactions.reaction_strings import (
    conserved_totals,
    net_stoichiometry,
    parse_reaction,
    species_of,
    total_in_words,
)


@pytest.mark.parametrize(
    ("text", "reactants", "products"),
    [
        ("A + N -> P", {"A": 1, "N": 1}, {"P": 1}),
        ("2 A -> B", {"A": 2}, {"B": 1}),
        ("A + A -> B", {"A": 2}, {"B": 1}),
        ("2*A -> B", {"A": 2}, {"B": 1}),
        ("A1 + C -> P + C", {"A1": 1, "C": 1}, {"P": 1, "C": 1}),
    ],
)
def test_reactions_are_read(text, reactants, products):
    """Coefficients and repeated species add up."""
    reaction = parse_reaction(text)
    assert (dict(reaction.reactants), dict(reaction.products)) == (reactants, products)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("A + N", "needs one '->'"),
        ("A -> B -> C", "needs one '->'"),
        ("A <-> B", "goes both ways"),
        ("A = B", "goes both ways"),
        ("A + -> B", "no species"),
        ("2A -> B", "no species"),
        ("0 A -> B", "no species"),
        ("A -> A", "changes nothing"),
        ("2 A + 2 B -> C", "order 4"),
        (3, "must be a text"),
    ],
)
def test_other_texts_are_refused(text, match):
    """The message says what to write."""
    with pytest.raises(PhysicsError, match=match):
        parse_reaction(text)


def test_conserved_totals_in_words():
    """Two totals of three reactions' species, with small whole factors."""
    reactions = [parse_reaction(t) for t in ("A + N -> P", "P + N -> Bis", "2 A -> Dim")]
    species = species_of(reactions, ("A", "N"))
    totals = conserved_totals(net_stoichiometry(reactions, species))
    words = {total_in_words(total, species) for total in totals}
    assert words == {"A + P + Bis + 2 Dim", "N + P + 2 Bis"}
