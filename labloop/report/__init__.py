"""Figures and the HTML page of a campaign, and the pure data behind them."""

from labloop.report.data import Learned, Term
from labloop.report.pages import Brief, CampaignResult, result, write_report
from labloop.report.text import (
    Best,
    BudgetUse,
    CampaignSummary,
    ConvergencePoint,
    Doubt,
    Explanation,
    Purpose,
    constant_words,
    convergence,
    explain,
    member_words,
    paragraph,
    percent,
    subject,
    summary,
    term_words,
    unsure,
)

__all__ = [
    "Best",
    "Brief",
    "BudgetUse",
    "CampaignResult",
    "CampaignSummary",
    "ConvergencePoint",
    "Doubt",
    "Explanation",
    "Learned",
    "Purpose",
    "Term",
    "constant_words",
    "convergence",
    "explain",
    "member_words",
    "paragraph",
    "percent",
    "result",
    "subject",
    "summary",
    "term_words",
    "unsure",
    "write_report",
]
