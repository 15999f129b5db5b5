"""Gate for sizes: no file over 400 lines, no function over 60 without its docstring."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_LINES = 400
FUNCTION_LINES = 60


def too_large(path: Path) -> Iterator[str]:
    """Yield a sentence for everything in ``path`` that is too large."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{path}: {lines} lines, at most {FILE_LINES}; split the module"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            length = (node.end_lineno or 0) - first.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines, at most 60"


def main() -> int:
    """Return 1 where something is too large."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        capture_output=True,
        text=True,
        check=True,
    )
    files = [Path(name) for name in listed.stdout.split("\n") if name]
    found = [line for path in files if path.is_file() for line in too_large(path)]
    print("\n".join(found) or f"sizes: {len(files)} files within limits")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
