"""Promise: no public name comes or goes unseen."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOW = "import sys; sys.path.insert(0, 'tools'); import public_names as p; print(*p.names())"


def test_the_list_is_what_the_faces_export():
    """A change is written into the list, and told in CHANGELOG.md."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=ROOT, capture_output=True, text=True, check=True
    )
    exported = set(done.stdout.split())
    kept = set((ROOT / "tests" / "house" / "public_names.txt").read_text("utf-8").split())
    advice = "tell it in CHANGELOG.md, then run: python tools/public_names.py"
    assert sorted(exported - kept) == [], f"new public names; {advice}"
    assert sorted(kept - exported) == [], f"public names that are gone; {advice}"
