"""Settings of Prefect that labloop needs, set before Prefect is imported."""

import os
from pathlib import Path

NAMES = ("127.0.0.1", "localhost")
"""Host names of a server on loopback."""
REPORTS = "/labloop/reports"
"""The path under which the server that labloop starts serves reports."""

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
    # A run that a person asked for waits no longer than this; ten seconds at the default.
    "PREFECT_RUNNER_POLL_FREQUENCY": "2",
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    # The project's own database is the truth: no result is kept twice.
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
}


def apply() -> None:
    """Set each variable that is not set already."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


def home() -> Path:
    """Return Prefect's folder."""
    named = os.environ.get("PREFECT_HOME")
    return Path(named) if named else Path.home() / ".prefect"


def reports_folder() -> Path:
    """Return the folder of the reports that the server serves."""
    return home() / "labloop-reports"


def origins(port: int) -> tuple[str, ...]:
    """Return the origins of the pages that a server on ``port`` serves itself."""
    return tuple(f"http://{name}:{port}" for name in NAMES)


def server_environment(port: int, password: str) -> dict[str, str]:
    """Return the environment of a server that labloop starts on ``port``."""
    url = f"http://{NAMES[0]}:{port}/api"
    return {
        **os.environ,
        **{k: v for k, v in _QUIET.items() if k not in os.environ},
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_API_AUTH_STRING": password,
        "PREFECT_API_AUTH_STRING": password,
        # Prefect's own default lets every page of the world in.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": ",".join(origins(port)),
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        # With another port than 4200 the UI would still call 4200.
        "PREFECT_UI_API_URL": url,
        "PREFECT_API_URL": url,
    }
