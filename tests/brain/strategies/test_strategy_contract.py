"""Every strategy keeps the contract on every kind of space."""

import numpy as np
import pytest

from labloop.brain import resolve_strategy, strategy_names
from labloop.records import Dataset, Proposal, ProposalBatch
from labloop.testing.strategies import check_strategy, strategy_cases

CASES = {case.name: case for case in strategy_cases()}
SLOW_PEER = {"box", "pool"}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["auto", "sobol", "random"])
def test_strategy_keeps_the_contract(name, case):
    check_strategy(resolve_strategy(name), cases=[CASES[case]])


@pytest.mark.slow
@pytest.mark.parametrize("case", sorted(SLOW_PEER))
def test_skopt_keeps_the_contract(case):
    check_strategy(resolve_strategy("skopt"), cases=[CASES[case]])


def test_names_are_known():
    ours = ("auto", "botorch", "sobol", "random", "skopt", "hybrid")
    assert strategy_names() == (*ours, "baybe", "ax", "bofire", "optuna")


class Stubborn:
    """Proposes the same point always."""

    name = "stubborn"

    def propose(self, space, objective, data, pending, n, seed):
        point = space.sample(1, seed=1)[0]
        return ProposalBatch((Proposal(point, strategy="stubborn", reason="why not"),) * n)


class Forgetful(Stubborn):
    """Draws from the global generator."""

    name = "forgetful"

    def propose(self, space, objective, data, pending, n, seed):
        taken = [*(o.point for o in data.observations), *pending]
        points = space.sample(n, seed=int(np.random.randint(1_000_000)), exclude=taken)  # noqa: NPY002 - the fault under test
        return ProposalBatch(tuple(Proposal(p, strategy="f", reason="dice") for p in points))


class Lawless(Stubborn):
    """Leaves the space."""

    name = "lawless"

    def propose(self, space, objective, data, pending, n, seed):
        return ProposalBatch(
            tuple(
                Proposal({"temperature": 1e6 + i, "time": 1.0}, strategy="l", reason="heat")
                for i in range(n)
            )
        )


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (Stubborn(), "was tried or is under way"),
        (Forgetful(), "numpy's global generator was changed"),
        (Lawless(), "is not legal"),
        (object(), "has `name` and `propose`"),
    ],
)
def test_contract_suite_finds_what_is_broken(strategy, message):
    with pytest.raises(AssertionError, match=message):
        check_strategy(strategy, cases=[CASES["box"]])


def test_an_empty_campaign_is_no_special_case():
    batch = resolve_strategy("auto").propose(CASES["box"].make(), _objective(), Dataset(), (), 3, 1)
    assert len(batch.proposals) == 3
    assert all("space-filling start" in p.reason for p in batch.proposals)


def _objective():
    from labloop.objectives import Maximize, Objectives

    return Objectives.of(Maximize("y"))
