"""The loop: what a user writes, the machine that decides, the runner that carries out.

From top to bottom: ``forecasting``, ``_campaign`` (create, resume, run), ``runs`` and ``by_hand``
(one run; what a person carries out), ``checks``, ``loop``, ``watching`` (of results), ``progress``
and ``execution``, ``definition``, ``decisions``. Read ``decisions/machine.py`` first: it decides,
and everything else serves it.

A name is loaded when it is first used: who only looks at a campaign loads no loop and no lab.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labloop.campaign._campaign import Campaign
    from labloop.campaign.by_hand import (
        ask,
        correct,
        describe_actual,
        find_experiment,
        rank,
        read_candidates,
        read_results,
        reanalyse,
        tell,
        update_definition,
        withdraw,
        write_proposals,
        write_ranking,
    )
    from labloop.campaign.checks import (
        Finding,
        check_campaign,
        check_lab,
        describe_set_aside,
        rehearse,
        require_procedure,
    )
    from labloop.campaign.decisions import (
        Budget,
        FailurePolicy,
        FailureRule,
        NoImprovement,
        Reached,
        StopRule,
    )
    from labloop.campaign.definition import (
        LOADING_FILE,
        CampaignSpec,
        Definition,
        bundle_differences,
        changed_files,
        check_standing_yes,
        define_campaign,
        error_location,
        keep_standing_yes,
        load_campaign,
        restore,
        trust_bundle,
        versions,
        with_overrides,
        with_spec,
    )
    from labloop.campaign.execution import (
        Analysis,
        Conditions,
        condition_from_text,
        point_from_text,
        supplies,
        used_each,
        wells_of,
    )
    from labloop.campaign.forecasting import Forecast, forecast
    from labloop.campaign.loop import (
        RUN_COMMANDS,
        Hooks,
        PlainHooks,
        answer_pending_commands,
        current_user,
        is_interrupted,
        is_unattended,
    )
    from labloop.campaign.progress import (
        Snapshot,
        actual_point,
        build_dataset,
        condition_json,
        correction_history,
        database_option,
        is_function_campaign,
        lab_seconds,
        mode_label,
        resume_command,
        standing_wishes,
    )
    from labloop.campaign.runs import Speed, answer_with_code, stored_definition

_HOME = {
    "_campaign": ("Campaign",),
    "by_hand": (
        "ask",
        "correct",
        "describe_actual",
        "find_experiment",
        "rank",
        "read_candidates",
        "read_results",
        "reanalyse",
        "tell",
        "update_definition",
        "withdraw",
        "write_proposals",
        "write_ranking",
    ),
    "checks": (
        "Finding",
        "check_campaign",
        "check_lab",
        "describe_set_aside",
        "rehearse",
        "require_procedure",
    ),
    "decisions": (
        "Budget",
        "FailurePolicy",
        "FailureRule",
        "NoImprovement",
        "Reached",
        "StopRule",
    ),
    "definition": (
        "LOADING_FILE",
        "CampaignSpec",
        "Definition",
        "bundle_differences",
        "changed_files",
        "check_standing_yes",
        "define_campaign",
        "error_location",
        "keep_standing_yes",
        "load_campaign",
        "restore",
        "trust_bundle",
        "versions",
        "with_overrides",
        "with_spec",
    ),
    "execution": (
        "Analysis",
        "Conditions",
        "condition_from_text",
        "point_from_text",
        "supplies",
        "used_each",
        "wells_of",
    ),
    "forecasting": (
        "Forecast",
        "forecast",
    ),
    "loop": (
        "RUN_COMMANDS",
        "Hooks",
        "PlainHooks",
        "answer_pending_commands",
        "current_user",
        "is_interrupted",
        "is_unattended",
    ),
    "progress": (
        "Snapshot",
        "actual_point",
        "build_dataset",
        "condition_json",
        "correction_history",
        "database_option",
        "is_function_campaign",
        "lab_seconds",
        "mode_label",
        "resume_command",
        "standing_wishes",
    ),
    "runs": ("Speed", "answer_with_code", "stored_definition"),
}
_WHERE = {name: wing for wing, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'labloop.campaign' has no attribute {name!r}")
    value = getattr(import_module(f"labloop.campaign.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "LOADING_FILE",
    "RUN_COMMANDS",
    "Analysis",
    "Budget",
    "Campaign",
    "CampaignSpec",
    "Conditions",
    "Definition",
    "FailurePolicy",
    "FailureRule",
    "Finding",
    "Forecast",
    "Hooks",
    "NoImprovement",
    "PlainHooks",
    "Reached",
    "Snapshot",
    "Speed",
    "StopRule",
    "actual_point",
    "answer_pending_commands",
    "answer_with_code",
    "ask",
    "build_dataset",
    "bundle_differences",
    "changed_files",
    "check_campaign",
    "check_lab",
    "check_standing_yes",
    "condition_from_text",
    "condition_json",
    "correct",
    "correction_history",
    "current_user",
    "database_option",
    "define_campaign",
    "describe_actual",
    "describe_set_aside",
    "error_location",
    "find_experiment",
    "forecast",
    "is_function_campaign",
    "is_interrupted",
    "is_unattended",
    "keep_standing_yes",
    "lab_seconds",
    "load_campaign",
    "mode_label",
    "point_from_text",
    "rank",
    "read_candidates",
    "read_results",
    "reanalyse",
    "rehearse",
    "require_procedure",
    "restore",
    "resume_command",
    "standing_wishes",
    "stored_definition",
    "supplies",
    "tell",
    "trust_bundle",
    "update_definition",
    "used_each",
    "versions",
    "wells_of",
    "with_overrides",
    "with_spec",
    "withdraw",
    "write_proposals",
    "write_ranking",
]
