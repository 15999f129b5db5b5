"""GPyTorch is imported here first: it still uses a part of torch that is on its way out."""

import sys
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import gpytorch  # noqa: F401 - for its side effects

import torch

# Two cores are shared by all tests; one thread is also what bit-equality is promised for.
torch.set_num_threads(1)

sys.path.insert(0, str(Path(__file__).parent))
