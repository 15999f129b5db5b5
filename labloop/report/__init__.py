"""Figures and the HTML page of a campaign, and the pure data behind them."""

from labloop.report._page import write_report
from labloop.report._summary import (
    Best,
    BudgetUse,
    CampaignSummary,
    ConvergencePoint,
    convergence,
    summary,
)

__all__ = [
    "Best",
    "BudgetUse",
    "CampaignSummary",
    "ConvergencePoint",
    "convergence",
    "summary",
    "write_report",
]
