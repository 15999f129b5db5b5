"""labloop: a self-driving lab framework.

Everything a campaign file needs is here, and loaded when it is first used, so that
``import labloop`` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labloop.brain import Brain
    from labloop.campaign import (
        Budget,
        Campaign,
        CampaignSpec,
        FailurePolicy,
        FailureRule,
        NoImprovement,
        Reached,
        load_campaign,
    )
    from labloop.cli.session import run
    from labloop.errors import LabloopError
    from labloop.lab import ClusterJob, Command, Function, Notebook, Retry, progress
    from labloop.objectives import Maximize, Minimize, OutcomeConstraint, Target
    from labloop.records import Curve, CurveData, Scalar, ScalarValue
    from labloop.space import (
        Categorical,
        Conditional,
        Continuous,
        Forbidden,
        Integer,
        Linear,
        Mixture,
        Nonlinear,
        Ordered,
        Plate,
        Pool,
        SearchSpace,
        Subset,
    )
    from labloop.units import parse_quantity, quantity

_HOME = {
    "labloop.brain": ("Brain",),
    "labloop.campaign": (
        "Budget",
        "Campaign",
        "CampaignSpec",
        "FailurePolicy",
        "FailureRule",
        "NoImprovement",
        "Reached",
        "load_campaign",
    ),
    "labloop.cli.session": ("run",),
    "labloop.errors": ("LabloopError",),
    "labloop.lab": ("ClusterJob", "Command", "Function", "Notebook", "Retry", "progress"),
    "labloop.objectives": ("Maximize", "Minimize", "OutcomeConstraint", "Target"),
    "labloop.records": ("Curve", "CurveData", "Scalar", "ScalarValue"),
    "labloop.space": (
        "Categorical",
        "Conditional",
        "Continuous",
        "Forbidden",
        "Integer",
        "Linear",
        "Mixture",
        "Nonlinear",
        "Ordered",
        "Plate",
        "Pool",
        "SearchSpace",
        "Subset",
    ),
    "labloop.units": ("parse_quantity", "quantity"),
}
_WHERE = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'labloop' has no attribute {name!r}")
    value = getattr(import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "Brain",
    "Budget",
    "Campaign",
    "CampaignSpec",
    "Categorical",
    "ClusterJob",
    "Command",
    "Conditional",
    "Continuous",
    "Curve",
    "CurveData",
    "FailurePolicy",
    "FailureRule",
    "Forbidden",
    "Function",
    "Integer",
    "LabloopError",
    "Linear",
    "Maximize",
    "Minimize",
    "Mixture",
    "NoImprovement",
    "Nonlinear",
    "Notebook",
    "Ordered",
    "OutcomeConstraint",
    "Plate",
    "Pool",
    "Reached",
    "Retry",
    "Scalar",
    "ScalarValue",
    "SearchSpace",
    "Subset",
    "Target",
    "load_campaign",
    "parse_quantity",
    "progress",
    "quantity",
    "run",
]
