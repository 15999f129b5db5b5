"""Make the environment that the peers run in: ``python benchmarks/planner/make_peer_env.py``.

Peers pin their own versions of torch and of the optimisers beneath them, so they never share
the project's environment; the harness speaks to them over JSON lines. The versions are those
that the figures in the README of this folder were measured with.
"""

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = ("baybe[chem]==0.15.0", "ax-platform==1.3.1", "optuna==5.0.0", "torch==2.13.0")


def main() -> None:
    """Create ``.bench-venv`` beside the project's environment and install what it lacks."""
    folder = ROOT / ".bench-venv"
    stamp = folder / "peers.txt"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == "\n".join(PEERS):
        return
    if not (folder / "bin").exists() and not (folder / "Scripts").exists():
        venv.create(folder, with_pip=True)
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    binaries = folder / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([str(binaries / "python"), "-m", "pip", "install", *PEERS], check=True)
    stamp.write_text("\n".join(PEERS), encoding="utf-8")


if __name__ == "__main__":
    main()
