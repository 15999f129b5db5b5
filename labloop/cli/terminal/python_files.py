"""Python files that a person names beside a campaign file: a strategy, a physics model."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from labloop.errors import CampaignError, LabloopError


def load_python_file(place: str | Path) -> ModuleType:
    """Return the module of a person's file, carried out anew; its folder is importable meanwhile.

    Raises:
        CampaignError: no Python file, or one that raises; its line is named.
    """
    from labloop.campaign import error_location  # noqa: PLC0415 - heavy

    path = Path(place).expanduser().resolve()
    name = f"labloop_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path) if path.suffix == ".py" else None
    if spec is None or spec.loader is None or not path.is_file():
        raise CampaignError(f"the file {place} is no Python file that exists; write FILE.py:object")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # a person's file may raise anything
        where = error_location(error, path) or path.name
        what = "" if isinstance(error, LabloopError) else f"{type(error).__name__}: "
        raise CampaignError(f"{where}: {what}{error}; mend it first") from error
    finally:
        sys.path.remove(str(path.parent))
    return module
