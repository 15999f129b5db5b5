"""Lets the tests of this room, and lab files in them, import the toys."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
