"""Gate for sizes: lines of a file and of a function, and files in a folder."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

FILE_LINES = 400
FUNCTION_LINES = 60
"""Without its docstring."""
FOLDER_FILES = 14


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


def too_many(files: Sequence[Path]) -> Iterator[str]:
    """Yield a sentence for every folder in which nobody finds anything any more."""
    for folder, count in sorted(Counter(path.parent for path in files).items()):
        if count > FOLDER_FILES:
            yield f"{folder}: {count} files, at most {FOLDER_FILES}; cut it into packages"


def main() -> int:
    """Return 1 where something is too large."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        capture_output=True,
        text=True,
        check=True,
    )
    files = [path for name in listed.stdout.split("\n") if name and (path := Path(name)).is_file()]
    found = [line for path in files for line in too_large(path)] + [*too_many(files)]
    print("\n".join(found) or f"sizes: {len(files)} files within limits")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
