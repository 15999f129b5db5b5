"""The map of the house: every room, wing and file with its one line, taken from the docstrings.

Usage: python tools/house_map.py          write the maps of docs/explanation anew
       python tools/house_map.py --check  end with 1 where a map is not what the code says
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"wings": "architecture.md", "files": "map.md"}
"""What is written between the marks of a page of docs/explanation."""
HOUSES = {
    "labloop": Path("labloop"),
    "labloop_adapters": Path("adapters/labloop_adapters"),
    "labloop_devices": Path("devices/labloop_devices"),
    "labloop_simulators": Path("simulators/labloop_simulators"),
    "labloop_workflows": Path("workflows/labloop_workflows"),
}


NAMES, METHODS = 10, 10
"""So many names of a file, and methods of a class, stand on the map at most."""


def line_of(path: Path) -> str:
    """Return the first line of the docstring of a module or of a package's face."""
    file = path / "__init__.py" if path.is_dir() else path
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return said.split("\n\n")[0].replace("\n", " ").replace("``", "`").replace("|", "\\|")


def names_of(path: Path) -> str:
    """Return what a file defines: classes with their public methods, and public functions."""
    found = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            methods = [
                inner.name
                for inner in node.body
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
                and not inner.name.startswith("_")
            ]
            more = ["…"] if len(methods) > METHODS else []
            told = f" ({', '.join([*methods[:METHODS], *more])})" if methods else ""
            found.append(f"{node.name}{told}")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found += [] if node.name.startswith("_") else [node.name]
    more = ["…"] if len(found) > NAMES else []
    return ", ".join([*found[:NAMES], *more])


def layers(root: Path) -> Mapping[str, list[str]]:
    """Return package -> its modules from top to bottom, as import-linter proves them."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    found = {}
    for contract in settings["tool"]["importlinter"]["contracts"]:
        if contract["type"] == "layers":
            rows = [name.strip() for row in contract["layers"] for name in row.split("|")]
            found.update(dict.fromkeys(contract["containers"], rows))
    return found


def parts(folder: Path, order: list[str]) -> tuple[list[Path], list[Path]]:
    """Return the wings of a package, from top to bottom, and the files beside them."""
    there = [p for p in folder.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()]

    def place(path: Path) -> tuple[int, str]:
        return (order.index(path.stem) if path.stem in order else len(order), path.name)

    there.sort(key=place)
    files = [p for p in there if p.is_file() and p.name != "__init__.py"]
    return [p for p in there if p.is_dir()], files


def rooms(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield every room with its folder or file, from top to bottom, then what is beside labloop."""
    order = layers(root)["labloop"]
    wings, files = parts(root / HOUSES["labloop"], order)
    for path in sorted([*wings, *files], key=lambda p: order.index(p.stem)):
        yield f"labloop.{path.stem}", path
    for name in list(HOUSES)[1:]:
        yield name, root / HOUSES[name]


def rows_of(path: Path, name: str, order: Mapping[str, list[str]], before: str) -> Iterator[str]:
    """Yield a row for every file of a room or wing, the wing's own row before its files."""
    wings, files = parts(path, order.get(name, []))
    for file in files:
        yield f"| `{before}{file.name}` | {line_of(file)} | {names_of(file)} |"
    for wing in wings:
        yield f"| **`{before}{wing.name}/`** | **{line_of(wing)}** | |"
        yield from rows_of(wing, f"{name}.{wing.name}", order, f"{before}{wing.name}/")


def files_map(root: Path) -> str:
    """Return the map of all files: a heading and a table for each room."""
    order, lines = layers(root), []
    for name, path in rooms(root):
        lines += [f"### `{name}`", "", line_of(path), ""]
        if path.is_dir():
            lines += [
                "| file | what it holds | names |",
                "|---|---|---|",
                *rows_of(path, name, order, ""),
                "",
            ]
    return "\n".join(lines).strip()


def wings_map(root: Path) -> str:
    """Return the map of the wings: a table of rooms and their wings."""
    order = layers(root)
    lines = ["| room, and its wings from top to bottom | what it holds |", "|---|---|"]
    for name, path in rooms(root):
        lines.append(f"| **`{name}`** | **{line_of(path)}** |")
        wings = parts(path, order.get(name, []))[0] if path.is_dir() else []
        lines += [f"| `{path.name}/{wing.name}` | {line_of(wing)} |" for wing in wings]
    return "\n".join(lines)


def with_map(page: str, kind: str, text: str) -> str:
    """Return a page with the map between its marks written anew."""
    begin, end = f"<!-- {kind}: written by tools/house_map.py -->", f"<!-- {kind}: end -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(page):
        sys.exit(f"the page lacks the marks {begin} and {end}")
    return pattern.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", page)


def main(check: bool) -> int:
    """Write the maps, or return 1 where one is stale."""
    stale = 0
    for kind, name in PAGES.items():
        path = ROOT / "docs" / "explanation" / name
        page = path.read_text(encoding="utf-8")
        new = with_map(page, kind, {"wings": wings_map, "files": files_map}[kind](ROOT))
        if new == page:
            continue
        stale = 1
        if check:
            print(f"docs/explanation/{name} is not what the code says: run tools/house_map.py")
        else:
            path.write_text(new, encoding="utf-8")
            print(f"written: docs/explanation/{name}")
    return stale if check else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
