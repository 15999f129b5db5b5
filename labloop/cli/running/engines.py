"""What runs a campaign: the plain loop, or an engine that an entry point names."""

from collections.abc import Callable
from importlib import metadata
from typing import TYPE_CHECKING

from labloop.errors import CampaignError, MissingExtraError
from labloop.records import CampaignRecord

if TYPE_CHECKING:
    from labloop.campaign import Campaign, Hooks


def find_engine(name: str) -> Callable[["Campaign", "Hooks"], CampaignRecord]:
    """Return what runs a campaign; raises where the engine is not installed, or cannot run it."""
    if name == "plain":
        return lambda campaign, hooks: campaign.run(hooks)
    for point in metadata.entry_points(group="labloop.engines"):
        if point.name != name:
            continue
        try:
            engine: Callable[[Campaign, Hooks], CampaignRecord] = point.load()().run
        except ModuleNotFoundError as error:
            missing = MissingExtraError(f"the engine {name!r}", "workflows")
            raise MissingExtraError(
                f"{missing} (or add --engine plain); {name}", "workflows"
            ) from (error)
        return engine
    known = ["plain", *sorted(p.name for p in metadata.entry_points(group="labloop.engines"))]
    raise CampaignError(f"no engine is called {name!r}; there are: {', '.join(known)}")
