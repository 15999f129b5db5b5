"""Settings of Prefect that labloop needs, set before Prefect is imported."""

import os

_QUIET = {
    # Nothing leaves this machine unasked.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # The newer UI calls an outside host; the first one does not.
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    # The live view owns the terminal; Prefect's lines are in the UI and the server's log.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    # With a server that has gone, the end of a flow took 140 s at the default and 12 s so.
    "PREFECT_CLIENT_MAX_RETRIES": "1",
    "PREFECT_CLI_PROMPT": "false",
    # The project's own database is the truth: no result is kept twice.
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
}


def apply() -> None:
    """Set what a person has not set already."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


def server_environment(port: int) -> dict[str, str]:
    """Return the environment of a server that labloop starts on ``port``."""
    return {
        **os.environ,
        **{k: v for k, v in _QUIET.items() if k not in os.environ},
        "PREFECT_SERVER_API_PORT": str(port),
        # With another port than 4200 the UI would still call 4200.
        "PREFECT_UI_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
    }
