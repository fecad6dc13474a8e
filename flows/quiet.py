"""What the command line tells Prefect about logs, and how the service's own processes are spared it."""

import logging
import os

ENVIRONMENT = {  # quiet, and patient on a busy machine
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_LOGGERS_PREFECT_FLOW_RUNS_LEVEL": "CRITICAL",  # what fails is told at the end, once
    "PREFECT_LOGGING_LOGGERS_PREFECT_TASK_RUNS_LEVEL": "INFO",
    "PREFECT_LOGGING_FORMATTERS_STANDARD_TASK_RUN_FMT": "%(asctime)s  %(task_name)-9s %(message)s",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
SENDERS = ("EventsWorker", "APILogWorker")  # warn at the end of a command of what they are still sending


def be_quiet() -> None:
    """Set what nobody else has set; before Prefect is imported."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    for name in SENDERS:
        logging.getLogger(name).setLevel(logging.ERROR)


def loud_environment() -> dict[str, str]:
    """The environment without that: runs of the service log to the server."""
    return {name: value for name, value in os.environ.items() if ENVIRONMENT.get(name) != value}
