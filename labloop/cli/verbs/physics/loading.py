"""The physics model that a person names: of a campaign, or of a file beside it."""

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from labloop.cli.terminal import load_python_file
from labloop.errors import CampaignError, CampaignFileError

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
        return _chosen(load_python_file(place), place, wanted), definition
    try:
        definition = load_campaign(place)
    except CampaignFileError as error:
        raise CampaignError(
            f"{error}; where it holds physics alone, name the campaign that it is for: "
            f"{text} --campaign CAMPAIGN.py"
        ) from error
    if wanted:
        return _chosen(load_python_file(place), place, wanted), definition
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
