"""The contract of strategies, and the bench that compares them."""

from labloop.testing.strategies._bench import (
    Run,
    Summary,
    paired_hits,
    read_runs,
    run_bench,
    run_once,
    summarise,
    write_csv,
)
from labloop.testing.strategies._contract import StrategyCase, check_strategy, strategy_cases
from labloop.testing.strategies._figures import (
    median_ratio,
    restricted,
    restricted_median,
    wilson,
)
from labloop.testing.strategies._plot import write_plot
from labloop.testing.strategies._problems import Problem, builtin_problems, pool_problem

__all__ = [
    "Problem",
    "Run",
    "StrategyCase",
    "Summary",
    "builtin_problems",
    "check_strategy",
    "median_ratio",
    "paired_hits",
    "pool_problem",
    "read_runs",
    "restricted",
    "restricted_median",
    "run_bench",
    "run_once",
    "strategy_cases",
    "summarise",
    "wilson",
    "write_csv",
    "write_plot",
]
