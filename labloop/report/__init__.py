"""Figures and the HTML page of a campaign, and the pure data behind them."""

from labloop.report._brief import Brief
from labloop.report._doubts import Doubt, subject
from labloop.report._explain import (
    Explanation,
    constant_words,
    explain,
    member_words,
    paragraph,
    percent,
    term_words,
)
from labloop.report._fit import Learned, Term
from labloop.report._page import write_report
from labloop.report._purpose import Purpose, unsure
from labloop.report._result import CampaignResult, result
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
