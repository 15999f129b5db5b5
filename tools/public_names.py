"""The list of public names: what every face exports, one a line.

Usage: python tools/public_names.py   writes tests/house/public_names.txt anew

A test compares. Whoever changes the list tells it in CHANGELOG.md: others have built on it.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

LIST = Path(__file__).resolve().parent.parent / "tests" / "house" / "public_names.txt"
HOUSES = (
    "labloop",
    "labloop_adapters",
    "labloop_devices",
    "labloop_simulators",
    "labloop_workflows",
)
NO_FACES = {
    "labloop.examples",
    "labloop.testing",
    "labloop_adapters.base",
    "labloop_workflows.runs",
    "labloop_workflows.server",
    "labloop_workflows.verbs",
}
"""Packages whose names nobody outside may rely on, or whose parts are faces themselves."""


def faces() -> Iterator[str]:
    """Yield every module whose names are promised to others."""
    for house in (*HOUSES, "labloop.testing"):
        if house not in NO_FACES:
            yield house
        found = importlib.import_module(house)
        for below in pkgutil.iter_modules(found.__path__, f"{house}."):
            private = below.name.rpartition(".")[2].startswith("_")
            if not private and below.name not in NO_FACES:
                yield below.name


def names() -> list[str]:
    """Return ``face.name`` of everything public, sorted."""
    found = []
    for face in faces():
        module = importlib.import_module(face)
        exported = getattr(module, "__all__", None)
        if exported is None:
            exported = [
                name
                for name, value in vars(module).items()
                if isinstance(value, type) and value.__module__ == face
            ]
        found += [f"{face}.{name}" for name in exported]
    return sorted(found)


if __name__ == "__main__":
    LIST.write_text("\n".join(names()) + "\n", encoding="utf-8")
    print(f"written: {LIST}")
