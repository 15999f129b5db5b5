"""The physics model that a person names: of a campaign, or of a file beside it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from labloop.errors import CampaignError, LabloopError

if TYPE_CHECKING:
    from labloop.campaign import Definition


def named_model(text: str, campaign: Path | None) -> "tuple[Any, Definition]":
    """Return the object that may be a physics model, and the campaign that it is for.

    Raises:
        CampaignError: a file that cannot be loaded, or a name that it lacks.
    """
    from labloop.campaign import load_campaign  # noqa: PLC0415 - heavy

    place, wanted = split_name(text)
    if campaign is not None:
        definition = load_campaign(campaign)
        return _chosen(_loaded(Path(place)), place, wanted), definition
    definition = load_campaign(place)
    if wanted:
        return _chosen(_loaded(Path(place)), place, wanted), definition
    competing = definition.spec.competing
    if len(competing) > 1:
        raise CampaignError(
            f"{place} has {len(competing)} physics models that compete; name the file of one "
            f"and the model: labloop physics check FILE.py:Name --campaign {place}"
        )
    if not competing:
        raise CampaignError(
            f"{place} has no physics; add physics='physics:Name' to its CampaignSpec, or name a "
            f"model: labloop physics check FILE.py:Name --campaign {place}"
        )
    return competing[0], definition


def split_name(text: str) -> tuple[str, str]:
    """Return file and object, empty where none is named; a drive's colon is no separator."""
    place, colon, wanted = text.rpartition(":")
    if colon and wanted.isidentifier() and place.endswith(".py"):
        return place, wanted
    return text, ""


def _loaded(place: Path) -> ModuleType:
    from labloop.campaign import error_location  # noqa: PLC0415 - heavy

    path = place.expanduser().resolve()
    if not path.is_file() or path.suffix != ".py":
        raise CampaignError(f"the file {place} is no Python file that exists; write FILE.py:object")
    name = f"labloop_physics_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CampaignError(f"{path} is no Python file; write FILE.py:object")
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


def _chosen(module: ModuleType, place: str, wanted: str) -> Any:
    """Return the named object, or the only physics model of a module."""
    from labloop.physics import PhysicsModel  # noqa: PLC0415 - loads torch

    models = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, PhysicsModel) and not isinstance(value, type)
    }
    if wanted:
        if not hasattr(module, wanted):
            raise CampaignError(
                f"{place} has no {wanted!r}; its models are {', '.join(models) or 'none'}"
            )
        return getattr(module, wanted)
    if len(models) != 1:
        raise CampaignError(
            f"{place} holds {len(models)} physics models ({', '.join(models) or 'none'}); "
            f"name one: {place}:Name"
        )
    return next(iter(models.values()))
