"""Shelves as columns."""

from labloop.records import Shelf
from labloop.store.schema import encode


def shelf_key(shelf: Shelf) -> dict[str, str]:
    """Return the columns of a shelf; one of a campaign is known by the campaign alone."""
    lab = "" if shelf.campaign_id else encode.text(shelf.lab, "the name of a lab")
    return {"lab": lab, "mode": shelf.mode.value, "shelf": shelf.campaign_id}
