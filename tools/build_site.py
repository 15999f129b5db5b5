"""Build the documentation: pages, ``llms.txt`` and ``llms-full.txt``. Warnings are errors.

Usage: python tools/build_site.py [FOLDER], without network; build/docs where no folder is named.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from sphinx.cmd.build import build_main

ROOT = Path(__file__).resolve().parent.parent


def build(folder: Path) -> int:
    """Build the site into ``folder``; return 0, or Sphinx's exit code where a page is wrong."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="labloop-docs-") as kept:
        # Both builds share what was read: the second one only writes.
        trees, text = Path(kept) / "trees", Path(kept) / "text"
        for builder, where in (("html", folder), ("text", text)):
            words = ["-q", "-W", "--keep-going", "-b", builder, "-d", str(trees)]
            code = build_main([*words, str(ROOT / "docs"), str(where)])
            if code:
                return code
        shutil.copy(text / "llms-full.txt", folder / "llms-full.txt")
    print(f"docs      {folder / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "docs"))
