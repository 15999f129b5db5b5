"""The figure of physics in the flow lab, over 30 seeds: with it and without, to 95 %.

Usage: python -m benchmarks.flow.figure [--seeds 30] [--out FILE]

A run ends when its best measured experiment has a score of 0.95. Prints one JSON line.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch

from benchmarks.flow.runs import EXPERIMENTS, campaign, example_physics, first, landmarks
from labloop_simulators.worlds.flow_reactor import FlowReactor

ROOT = Path(__file__).resolve().parents[2]
LEVEL = 0.95


def main() -> None:
    """Run what is missing and print the ratio of the restricted means with its interval."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--out", type=Path, default=ROOT / ".figures" / "flow.jsonl")
    given = parser.parse_args()
    given.out.parent.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    runs = [json.loads(line) for line in given.out.open()] if given.out.exists() else []
    known = {(run["seed"], run["physics"]): run for run in runs}
    lab = FlowReactor()
    span = landmarks(lab)
    for seed in range(given.seeds):
        for physics in (example_physics(), None):
            key = (seed, physics is not None)
            if key not in known:
                known[key] = campaign(lab, seed, physics, span, LEVEL)
                with given.out.open("a") as file:
                    file.write(json.dumps(known[key]) + "\n")
            print(key, first(known[key]["trace"], LEVEL), file=sys.stderr, flush=True)
    counts = {
        flag: np.array([first(known[seed, flag]["trace"], LEVEL) for seed in range(given.seeds)])
        for flag in (True, False)
    }
    picks = np.random.default_rng(0).integers(given.seeds, size=(10_000, given.seeds))
    ratios = counts[True][picks].mean(1) / counts[False][picks].mean(1)
    low, high = np.quantile(ratios, [0.05, 0.95])
    ratio = counts[True].mean() / counts[False].mean()
    told = ", ".join(
        f"{'with' if flag else 'without'} {values.mean():.1f} "
        f"({int((values > EXPERIMENTS).sum())} missed)"
        for flag, values in counts.items()
    )
    text = f"{told}; ratio {ratio:.3f}, 90 % interval {low:.2f} to {high:.2f}"
    print(json.dumps({"text": text, "n": given.seeds, "passed": bool(ratio <= 0.5)}))


if __name__ == "__main__":
    main()
