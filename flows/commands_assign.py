"""The commands that label new rows: `genclust assign` and `genclust assigned`."""

import os

from pydantic import BaseModel, Field
from pydantic_settings import CliPositionalArg

from models.settings import DriftSettings, Name

SOURCE = "A file, a folder or a glob (Parquet, Arrow, CSV, JSON lines, NPZ), on this machine or at any URI; or digits."
STORE = os.environ.get("GENCLUST_STORE", "store")


class Assign(BaseModel):
    """Put new rows into the clusters of the promoted model, and tell if they differ from those that it knows."""

    source: CliPositionalArg[str] = Field(description=SOURCE)
    name: CliPositionalArg[Name] = Field(description="What the model is registered as.")
    version: str | None = Field(None, description="The version that labels the rows; the promoted one if not given.")
    store: str = Field(STORE, description="Folder or URI where everything is kept.", min_length=1)
    drift: DriftSettings = DriftSettings()

    def cli_cmd(self) -> None:
        """Run the flow and print what came of it."""
        from flows.assign_clusters import assign_clusters
        from flows.assignment import assignment_lines

        found = assign_clusters(self.source, self.name, self.store, self.version, self.drift)
        print(*assignment_lines(found, self.store), sep="\n")


class Assigned(BaseModel):
    """Write the rows that were assigned under a name, each once as the latest run saw it."""

    name: CliPositionalArg[Name] = Field(description="What the model is registered as.")
    out: CliPositionalArg[str] = Field(description="File to write: .parquet or .csv.")
    run: str | None = Field(None, description="The rows of this run alone, by its id.")
    store: str = Field(STORE, description="Folder or URI where everything is kept.", min_length=1)

    def cli_cmd(self) -> None:
        """Write the file and print its size."""
        from tasks.assigned import save_assigned

        print(f"{save_assigned(self.name, self.out, self.store, self.run):,} rows written to {self.out}")
