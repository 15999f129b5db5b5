"""The toys beside the tests can be named as drivers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
