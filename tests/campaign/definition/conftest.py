"""A campaign that imports a helper beside its file."""

import pytest
from campaign_toys import FILE


@pytest.fixture
def folder(tmp_path):
    """Return the folder of a campaign that imports a helper beside it."""
    place = tmp_path / "a folder with blanks"
    place.mkdir()
    (place / "campaign.py").write_text(FILE)
    (place / "helper.py").write_text("TOP = 2.0\n")
    return place
