"""The versions of everything that can change a result: packages, and the commit of the folder."""

import platform
import subprocess
from importlib import metadata
from pathlib import Path

_VERSIONED = (
    "labloop-sdl", "torch", "botorch", "gpytorch", "numpy", "scikit-optimize", "prefect", "sqlmodel"
)  # fmt: skip


def versions() -> dict[str, str]:
    """Return the versions of Python and of every package that can change a result."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in _VERSIONED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    for point in metadata.entry_points(group="labloop.drivers"):
        if point.dist is not None:
            found[point.dist.name] = point.dist.version
    return found


def git_state(folder: Path) -> tuple[str, bool]:
    """Return the folder's commit and whether it has uncommitted changes, where git can tell."""
    try:
        commit = _run_git(folder, "rev-parse", "HEAD")
        dirty = bool(_run_git(folder, "status", "--porcelain", "--", "."))
    except (OSError, subprocess.SubprocessError):
        return "", False
    return commit, dirty


def _run_git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed words and a folder, no shell
        ["git", *arguments],  # noqa: S607 - the git that the user's path names
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    return done.stdout.strip()
