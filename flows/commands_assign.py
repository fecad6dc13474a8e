"""The commands that label new rows: `genclust assign` and `genclust assigned`."""

from pydantic import BaseModel, Field
from pydantic_settings import CliPositionalArg

from flows.options import STORE, Source, StoreRoot
from models.settings import DriftSettings, Name


class Assign(BaseModel):
    """Put new rows into the clusters of the promoted model, and tell if they differ from those that it knows."""

    source: Source
    name: CliPositionalArg[Name] = Field(description="What the model is registered as.")
    version: str | None = Field(None, description="The version that labels the rows; the promoted one if not given.")
    store: StoreRoot = STORE
    drift: DriftSettings = DriftSettings()

    def cli_cmd(self) -> None:
        """Run the flow and print what came of it."""
        from flows.assign_clusters import assign_clusters
        from flows.assignment import assignment_lines
        from flows.service_client import check_server

        check_server()
        found = assign_clusters(self.source, self.name, self.store, self.version, self.drift)
        print(*assignment_lines(found, self.store), sep="\n")


class Assigned(BaseModel):
    """Write the rows that were assigned under a name, each once as the latest run saw and named it."""

    name: CliPositionalArg[Name] = Field(description="What the model is registered as.")
    out: CliPositionalArg[str] = Field(description="File to write: .parquet or .csv.")
    run: str | None = Field(None, description="The rows of this run alone, by its id.")
    store: StoreRoot = STORE

    def cli_cmd(self) -> None:
        """Write the file and print its size."""
        from tasks.assigned import save_assigned

        print(f"{save_assigned(self.name, self.out, self.store, self.run):,} rows written to {self.out}")
