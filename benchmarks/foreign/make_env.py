"""Make the environment of other people's drivers: ``python -m benchmarks.foreign.make_env``.

They never share the project's environment. The versions are those that the figures in
``docs/reference/field.md`` were measured with.
"""

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".foreign-venv"
PACKAGES = (
    "labmcp-new-era==0.1.2",
    "labmcp-ika==0.1.1",
    "labmcp-julabo==0.1.2",
    "labmcp-cavro==0.1.3",
    "labmcp-mettler-toledo==0.1.3",
    "labmcp-atlas-ezo==0.1.2",
    "nesp-lib==2.0.0",
    "ika==2.0.3",
    "julabo==2.3.0",
    "pyserial==3.5",
)
BESIDE = ("ika-control==0.7.0",)
"""Packages whose modules bear the same name as another one's: each in a folder of its own."""
PYTHON = FOLDER / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def main() -> None:
    """Create ``.foreign-venv`` beside the project's environment and install what it lacks."""
    stamp = FOLDER / "packages.txt"
    wanted = "\n".join((*PACKAGES, *BESIDE))
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    if not PYTHON.exists():
        venv.create(FOLDER, with_pip=True)
    (FOLDER / ".gitignore").write_text("*\n", encoding="utf-8")
    pip = (str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run([*pip, *PACKAGES], check=True)
    for package in BESIDE:
        folder = FOLDER / package.partition("==")[0]
        subprocess.run(
            [*pip, "--no-deps", "--upgrade", "--target", str(folder), package], check=True
        )
    stamp.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
