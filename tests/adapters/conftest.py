"""Toys beside the tests can be named in lab files."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
