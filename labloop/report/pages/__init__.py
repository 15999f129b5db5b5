"""Whole reports: the HTML page, a page of Markdown, a picture, a value for a notebook.

Here belongs the order of things on a page; each part belongs into ``sections``. Read ``html.py``
first.
"""

from labloop.report.pages.campaign_result import CampaignResult, result
from labloop.report.pages.html import write_report
from labloop.report.pages.markdown import Brief
from labloop.report.pages.physics_curves import write_physics_curves
from labloop.report.pages.physics_fit import write_physics_fit

__all__ = [
    "Brief",
    "CampaignResult",
    "result",
    "write_physics_curves",
    "write_physics_fit",
    "write_report",
]
