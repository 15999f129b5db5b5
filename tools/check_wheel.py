"""Build the wheel, install it in an empty environment and run the demo from another folder."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MUST_HOLD = (
    "labloop/py.typed",
    "labloop/examples/flow_snar/campaign.py",
    "labloop/examples/direct_arylation/campaign.py",
    "labloop/templates/emulator.py",
    "labloop/templates/shaker/_driver.py",
    "labloop/store/migrations/env.py",
    "labloop_adapters/base/blocking.py",
    "labloop_devices/new_era/__init__.py",
    "labloop_simulators/worlds/flow_reactor.py",
    "labloop_workflows/__init__.py",
)


def build(folder: Path) -> Path:
    """Return the wheel, built from this checkout and checked for its contents."""
    command = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([sys.executable, *command, str(ROOT)], check=True, stdout=subprocess.DEVNULL)
    wheel = next(folder.glob("*.whl"))
    names = set(zipfile.ZipFile(wheel).namelist())
    missing = [name for name in MUST_HOLD if name not in names]
    strangers = sorted({name.split("/")[0] for name in names if name.startswith("test")})
    if missing or strangers:
        sys.exit(f"the wheel lacks {missing} and holds what it must not: {strangers}")
    return wheel


def free_port() -> int:
    """Return a port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """Build, install and run."""
    with tempfile.TemporaryDirectory(prefix="labloop wheel ") as name:
        folder = Path(name)
        wheel = build(folder)
        env = folder / "env"
        venv.create(env, with_pip=True, symlinks=os.name != "nt")
        python = env / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        constraints = ["-c", str(ROOT / "constraints.txt")]
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, *constraints, f"{wheel}[all]"], check=True)
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "LABLOOP"))}
        # A Prefect of its own, which ends with this check.
        clean |= {"PREFECT_HOME": str(folder / "prefect"), "LABLOOP_UI_PORT": str(free_port())}
        labloop = [str(python), "-m", "labloop"]
        try:
            words = [*labloop, "demo", "here", "--experiments", "6"]
            subprocess.run(words, cwd=elsewhere, env=clean, check=True)
        finally:
            subprocess.run([*labloop, "ui", "--stop"], cwd=elsewhere, env=clean, check=False)
        if not list(elsewhere.rglob("*.html")):
            sys.exit("the demo from the wheel wrote no report")
        print("the wheel installs, and its demo runs from another folder")
        shutil.rmtree(env, ignore_errors=True)


if __name__ == "__main__":
    main()
