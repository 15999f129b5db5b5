"""A process that is stopped while the brain thinks in C++ ends cleanly, with its exit code."""

import os
import signal
import subprocess
import sys
import time

import pytest

CAMPAIGN = """
import sys, time
from pathlib import Path
import torch
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace

class Python(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.exp()

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        for _ in range(50):
            y = x.exp()
        return grad * y

class BrainThread:
    name = "thinker"

    def propose(self, space, objective, data, pending, n, seed):
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            x = torch.randn(300, requires_grad=True, dtype=torch.float64)
            Python.apply(x).sum().backward()
            Path("thinks.txt").touch()
        raise ValueError("nobody waits for this")

def measure(x):
    return {"y": 1.0}

campaign = CampaignSpec(
    "deep", SearchSpace(Continuous("a", 0, 1)), outputs=[Scalar("y")], objective=Maximize("y"),
    procedure=measure, strategy=BrainThread(), budget=Budget(experiments=3),
)
"""
SCRIPT = """
if __name__ == "__main__":
    import labloop
    print(labloop.run(campaign).state.value)
    sys.exit(7)
"""


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
@pytest.mark.parametrize(
    ("words", "seconds", "code"),
    [(["-m", "labloop", "run", "deep.py", "--engine", "plain"], 600, 130), (["deep.py"], 3, 7)],
)
def test_a_stop_in_the_middle_of_a_thought_is_no_crash(shell, words, seconds, code):
    """The command leaves at once, a script when the thought is over; neither is aborted."""
    shell.write("deep.py", CAMPAIGN.replace("SECONDS", str(seconds)) + SCRIPT)
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=shell.folder,
        env=shell.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until = time.monotonic() + 90
    while not (shell.folder / "thinks.txt").exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert "terminate called" not in said
    assert "stopped" in said
