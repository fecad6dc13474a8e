"""Commands of the service: start it, look at it, and free its store."""

import os
import sys
from datetime import UTC, datetime

from pydantic import BaseModel, Field
from pydantic_settings import CliPositionalArg

from flows.options import STORE, StoreRoot
from flows.quiet import loud_environment


class Serve(BaseModel):
    """Start what is missing of server, pool, GPU slot, automations, deployments and worker; Ctrl-C ends it."""

    notify: str | None = Field(
        None, description="An address that gets a POST about each failed run; without it that in GENCLUST_NOTIFY."
    )

    def cli_cmd(self) -> None:
        """Stay until a signal, unless nothing was missing."""
        from flows.service import serve

        serve(loud_environment(), self.notify or os.environ.get("GENCLUST_NOTIFY"))


class Status(BaseModel):
    """Tell what of the service is there, and what runs; the exit status is 1 if runs can't start."""

    def cli_cmd(self) -> None:
        """Print it."""
        from flows.service_client import api_url, connected, ui_url
        from flows.service_status import read_status, status_lines

        with connected(api_url()) as client:
            found = read_status(client)
        print(*status_lines(ui_url(api_url()), found), sep="\n")
        if not found.workers:
            sys.exit(1)


class Runs(BaseModel):
    """List the latest runs of the service."""

    limit: int = Field(20, ge=1, le=200, description="How many.")

    def cli_cmd(self) -> None:
        """Print a line for each, the latest first."""
        from flows.service_client import api_url, connected
        from flows.service_runs import recent_runs, run_lines

        with connected(api_url()) as client:
            print(*run_lines(recent_runs(client, self.limit)), sep="\n")


class Show(BaseModel):
    """Tell all about a run: its state and artifacts from the server, its record from the store."""

    run: CliPositionalArg[str] = Field(description="The run, by its id or its name.")
    store: StoreRoot = STORE

    def cli_cmd(self) -> None:
        """Print what server and store know."""
        from flows.service_client import api_url
        from flows.service_runs import show_lines

        print(*show_lines(self.run, api_url(), self.store), sep="\n")


class Clean(BaseModel):
    """Show what of the store no promoted or recent run needs; with --yes, remove it."""

    keep_days: float = Field(30, ge=0, description="A run is recent for so many days.")
    yes: bool = Field(False, description="Remove what is shown.")
    store: StoreRoot = STORE

    def cli_cmd(self) -> None:
        """Print a line for each folder, and the sum."""
        from flows.service_runs import refuse_while_running
        from tasks.clean import clean_lines, find_unneeded, remove_unneeded
        from tasks.store import Store

        place = Store(self.store)
        found = find_unneeded(place, self.keep_days, datetime.now(UTC))
        if self.yes and found:
            refuse_while_running()
            remove_unneeded(place, found)
        print(*clean_lines(found, self.yes), sep="\n")
