"""A forecast against what then happens: is the lab time within 10 %, within the interval.

A campaign of the reaction robot is forecast once, then run with other seeds of planner and
noisy world. Each true run is compared with the same forecast.

Usage: python -m benchmarks.loop.forecast [--runs 50] [--experiments 24]
"""

import argparse

from benchmarks.loop._common import answer, example, say
from labloop.campaign import forecast
from labloop.campaign.forecasting.simulated_run import simulate

FIRST_SEED = 1000
"""Of the true runs: none of the forecast's own."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--experiments", type=int, default=24)
    parser.add_argument("--lab", default="flow_snar")
    given = parser.parse_args()
    definition = example(given.lab, experiments=given.experiments, strategy="sobol")
    found = forecast(definition)
    near = inside = 0
    worst = 0.0
    for run in range(given.runs):
        hours = simulate(definition, FIRST_SEED + run).seconds / 3600
        error = abs(found.hours - hours) / hours
        near += error <= 0.1
        inside += found.low <= hours <= found.high
        worst = max(worst, error)
        say(f"run {run + 1}: {hours:.3f} h, forecast {found.hours:.3f} h")
    answer(
        {
            "lab": given.lab,
            "experiments": given.experiments,
            "runs": given.runs,
            "near": near,
            "inside": inside,
            "worst": worst,
            "hours": found.hours,
            "low": found.low,
            "high": found.high,
        }
    )


if __name__ == "__main__":
    main()
