"""Promise: a schedule keeps every rule, and is never longer than first come, first served."""

import subprocess
import sys
import time
from itertools import combinations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.schedule.job_shops import instances
from labloop.errors import DefinitionError
from labloop.processes import process_start
from labloop.scheduling import Job, Problem, Resource, UnitState, Use, first_come, optimised
from labloop.scheduling._process import SOLVER

SHOPS = {name: (problem, best) for name, best, problem in instances()}


def broken_rules(problem, schedule, tolerance=0.0):
    """Return what a schedule breaks, in words."""
    found = []
    booked = {(b.job, b.use): b for b in schedule.bookings}
    for number, job in enumerate(problem.jobs):
        for index, use in enumerate(job.uses):
            booking = booked[number, index]
            if booking.end - booking.start < use.end - use.begin - tolerance:
                found.append(f"{booking} is too short")
            if booking.start < use.begin + job.release - tolerance:
                found.append(f"{booking} begins before its time")
    for resource in problem.resources:
        mine = [
            b
            for b in schedule.bookings
            if problem.jobs[b.job].uses[b.use].resource == resource.name
        ]
        for each in mine:
            beside = {b.job for b in mine if b.unit == each.unit and b.start <= each.start < b.end}
            if len(beside) > resource.capacity:
                found.append(f"{len(beside)} in one {resource.name} at {each.start}")
        for one, other in combinations(mine, 2):
            a, b = (problem.jobs[x.job].uses[x.use] for x in (one, other))
            apart = max(other.start - one.end, one.start - other.end)
            if (
                one.unit == other.unit
                and a.setting != b.setting
                and apart < resource.cleaning - tolerance
            ):
                found.append(f"{one} and {other} are in one {resource.name} at two settings")
    return found


@pytest.mark.parametrize("name", ["ft06", "la01", "la05", "la10"])
def test_the_best_known_makespan_is_reached(name):
    """Promise: on public job shops, and known to be the best."""
    problem, best = SHOPS[name]
    found = optimised(problem)
    assert found.makespan == best
    assert found.is_proven
    assert broken_rules(problem, found) == []


def test_the_same_problem_has_the_same_schedule():
    """Promise: whatever else the machine does."""
    problem, best = SHOPS["ft10"]
    one, other = (optimised(problem, effort=0.01) for _ in range(2))
    assert one == other
    assert best <= one.makespan <= first_come(problem).makespan


RESOURCES = (
    Resource("oven", count=2, capacity=2, cleaning=5, change_over=20),
    Resource("bench", count=2),
    Resource("arm"),
)


@st.composite
def jobs(draw):
    """Experiments that hold a bench all the time, and in it the arm, then an oven."""
    number = st.integers(1, 40)
    made = []
    for n in range(draw(st.integers(1, 5))):
        arm, wait, bake = draw(number), draw(number), draw(number)
        setting = draw(st.sampled_from([80, 120]))
        oven = Use("oven", arm + wait, arm + wait + bake, setting)
        bench = Use("bench", 0, arm + wait + bake + 3)
        made.append(
            Job(f"j{n}", [bench, Use("arm", 0, arm), oven], release=draw(st.integers(0, 9)))
        )
    return made


@settings(max_examples=30, deadline=None)
@given(jobs())
@example([Job("j0", [Use("oven", 0, 5, 80)]), Job("j1", [Use("oven", 0, 5, 120)])])
def test_every_rule_is_kept_and_none_is_longer(made):
    """Promise: units, capacity, settings and begins; by either way."""
    problem = Problem(RESOURCES, made)
    plain, best = first_come(problem), optimised(problem, effort=0.02)
    assert broken_rules(problem, plain) == []
    assert broken_rules(problem, best) == []
    assert best.makespan <= plain.makespan
    assert best.bound <= best.makespan


def test_a_change_over_is_spared():
    """Promise: 80, 120, 80 in one oven are two uses at 80 and one change."""
    uses = [[Use("oven", 0, 10, setting)] for setting in (80, 120, 80)]
    problem = Problem(
        [Resource("oven", change_over=30, cleaning=1)],
        [Job(f"j{n}", use) for n, use in enumerate(uses)],
    )
    assert first_come(problem).makespan == 30 + 2 * 30 + 2
    assert optimised(problem).makespan == 30 + 30 + 2


def test_what_is_held_already_is_gone_on_with():
    """Promise: a plan made in between begins with what experiments have."""
    begun = Job("begun", [Use("oven", 0, 50, 80, unit=1), Use("arm", 50, 60)])
    late = Job("late", [Use("oven", 0, 10, 120), Use("oven", 20, 30, 120)])
    problem = Problem([Resource("oven", count=2, change_over=100), Resource("arm")], [begun, late])
    found = optimised(problem)
    assert found.makespan == 60
    assert {b.unit for b in found.bookings if b.job == 1} == {0}


def test_times_that_are_no_whole_numbers_are_kept():
    """Promise: within a ten-thousandth."""
    made = [Job(f"j{n}", [Use("arm", 0.1, 0.1 + 0.37 * (n + 1))]) for n in range(5)]
    found = optimised(Problem([Resource("arm")], made))
    assert found.makespan == pytest.approx(0.1 + 0.37 * 15, rel=1e-3)


def test_jobs_that_would_wait_for_each_other_for_ever():
    """Promise: first come, first served says so; the solver finds an order for them."""
    ab = [Use("a", 0, 20), Use("b", 10, 20)]
    ba = [Use("b", 0, 20), Use("a", 10, 20)]
    problem = Problem([Resource("a"), Resource("b")], [Job("one", ab), Job("two", ba)])
    with pytest.raises(DefinitionError, match="wait for each other for ever at a, b"):
        first_come(problem)
    assert optimised(problem).makespan == 40


def test_without_the_solver_it_is_first_come_first_served(monkeypatch):
    """Promise: with the line that installs it."""
    monkeypatch.setattr("labloop.scheduling._solver.find_spec", lambda _: None)
    problem, _ = SHOPS["ft06"]
    from labloop.scheduling import solver_missing

    assert "pip install 'labloop-sdl[schedule]'" in solver_missing()
    assert optimised(problem) == first_come(problem)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Resource("oven", count=0), "'oven' needs a count and a capacity of at least 1"),
        (lambda: Resource("oven", cleaning=-1), "are seconds from 0, got -1"),
        (lambda: Problem([], [Job("j", [Use("oven", 0, 1)])]), "'oven', which there is not"),
        (lambda: Problem([Resource("a")], [Job("j", [Use("a", 2, 1)])]), "from 2 to 1; a use"),
        (lambda: Problem([Resource("a")], [Job("j", [Use("a", 0, 1, unit=1)])]), "has unit 1 of"),
    ],
)
def test_what_is_no_problem_gets_a_sentence(make, sentence):
    """Promise: what was given, and what is needed."""
    with pytest.raises(DefinitionError, match=sentence):
        make()


def test_the_solver_does_not_meet_the_compiler_of_grpc():
    """A lab with a SiLA 2 server is planned, too: both in one process would abort it."""
    pytest.importorskip("grpc_tools._protoc_compiler")
    problem, best = SHOPS["ft06"]
    assert optimised(problem).makespan == best


def test_a_solver_that_is_killed_leaves_first_come_first_served():
    """The campaign goes on with what needs no solver; the next plan has a new one."""
    problem, best = SHOPS["ft06"]
    assert optimised(problem).makespan == best
    SOLVER._process.kill()
    SOLVER._process.wait()
    assert optimised(problem) == first_come(problem)
    assert optimised(problem).makespan == best


def test_the_solver_ends_with_its_owner():
    """No process is left behind: its input ends, however its owner ends."""
    code = (
        "import os; from labloop.scheduling import Job, Problem, Resource, Use, optimised\n"
        "from labloop.scheduling._process import SOLVER\n"
        "jobs = [Job(str(n), [Use('oven', 0, 5 + n)]) for n in range(3)]\n"
        "optimised(Problem([Resource('oven')], jobs)); print(SOLVER._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=False)
    solver = int(done.stdout)
    until = time.monotonic() + 20
    while process_start(solver) is not None and time.monotonic() < until:
        time.sleep(0.05)
    assert process_start(solver) is None


def test_how_units_stand_at_the_begin_is_planned():
    """One that is cleaned, one that is cold, one at another setting: each is ready in its time."""
    units = (UnitState(30.0, True, 80.0), UnitState(0.0, False, None))
    oven = Resource("oven", 2, change_over=15.0, warm_up=100.0, units=units)
    jobs = [Job("a", [Use("oven", 0, 10, 80.0)]), Job("b", [Use("oven", 0, 10, 60.0)])]
    # What is open is taken at once, though it is cold.
    assert first_come(Problem([oven], jobs)).ends == (110.0, 55.0)
    found = optimised(Problem([oven], jobs[1:]))
    assert found.makespan == 55.0
    assert optimised(Problem([oven], jobs)).makespan == 65.0


def test_an_earlier_plan_is_begun_with():
    """Where it ends sooner than first come, first served, what is found is no worse."""
    jobs = [Job(f"j{n}", [Use("oven", 0, length)]) for n, length in enumerate((1, 1, 2))]
    problem = Problem([Resource("oven", 2)], jobs)
    planned = {(2, 0): 0.0, (0, 0): 0.5, (1, 0): 1.0}
    assert first_come(problem).makespan == 3
    assert first_come(problem, planned).makespan == 2
    assert optimised(problem, effort=1e-9, planned=planned).makespan == 2


def test_states_of_units_that_there_are_not_get_a_sentence():
    """How many there are, and how many came."""
    with pytest.raises(DefinitionError, match="has 2 units, got the state of 1"):
        Resource("oven", 2, units=(UnitState(),))
