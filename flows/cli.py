"""`genclust`: the flows from the command line, without a server of one's own."""

import os
import signal
import sys

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    CliApp,
    CliPositionalArg,
    CliSubCommand,
    SettingsConfigDict,
    SettingsError,
)

from flows.commands_assign import Assign, Assigned
from flows.commands_clusters import ListClusters
from flows.commands_compare import Compare
from flows.commands_promotion import Promote, Promotions, Rollback
from flows.commands_service import Clean, Runs, Serve, Show, Status
from flows.console import inspection_lines, registration_lines, setting_lines
from flows.options import STORE, Source, StoreRoot
from flows.quiet import be_quiet
from models.model_settings import EveryModelSettings, ModelName
from models.settings import (
    Clusters,
    EncodingSettings,
    EvaluationSettings,
    Name,
    PartitionSettings,
    SampleSettings,
    ScoreSettings,
    Seed,
    SourceSettings,
    TrainingSettings,
)
from tasks.errors import StageError


class ModelOptions(EveryModelSettings):
    """The settings of every model; those of the chosen one count."""

    model: ModelName = Field(ModelName.manifoldgan, description="The generative model.")


class Fit(ModelOptions, SourceSettings):
    """Find the groups of a table and register them under a name."""

    source: Source
    clusters: Clusters = Field(None, description="Number of clusters, 2 to 1000; auto chooses it without labels.")
    name: Name = Field("main", description="What the result is registered as.")
    seed: Seed = Field(0, description="One seed, one result on CPUs of one kind.")
    store: StoreRoot = STORE
    encoding: EncodingSettings = EncodingSettings()
    training: TrainingSettings = TrainingSettings()
    samples: SampleSettings = SampleSettings()
    scoring: ScoreSettings = ScoreSettings()
    partition: PartitionSettings = PartitionSettings()
    evaluation: EvaluationSettings = EvaluationSettings()

    def cli_cmd(self) -> None:
        """Run the flow and print where its results lie."""
        from flows.fit_clusters import fit_clusters
        from flows.service_client import check_server

        check_server()
        of_source = set(SourceSettings.model_fields)
        parameters = {name: getattr(self, name) for name in type(self).model_fields if name not in of_source}
        columns = SourceSettings(**self.model_dump(include=of_source))
        found = fit_clusters(columns=columns, **parameters)
        print(*registration_lines(found, self.store), sep="\n")


class Export(BaseModel):
    """Write the newest assignments of a name, joined to the source's own columns, or the rejected rows."""

    name: CliPositionalArg[Name] = Field(description="What the result was registered as.")
    out: CliPositionalArg[str] = Field(description="File to write: .parquet or .csv.")
    rejected: bool = Field(False, description="The rows that couldn't be used, and why, in place of the others.")
    store: StoreRoot = STORE

    def cli_cmd(self) -> None:
        """Write the file and print its size."""
        from tasks.export import export, export_rejected

        write = export_rejected if self.rejected else export
        print(f"{write(self.name, self.out, self.store):,} rows written to {self.out}")


class Explain(BaseModel):
    """Tell why a row of the newest fit is in its cluster: rows like it, and the columns that decide."""

    name: CliPositionalArg[Name] = Field(description="What the result was registered as.")
    row_id: CliPositionalArg[str] = Field(description="The row, by its row_id in the export.")
    store: StoreRoot = STORE

    def cli_cmd(self) -> None:
        """Print the explanation."""
        from flows.explanation import explanation_lines
        from tasks.explain_row import explain_row

        print(*explanation_lines(explain_row(self.name, self.row_id, self.store)), sep="\n")


class Check(ModelOptions, SourceSettings):
    """Tell what a fit would use, reject and scale how, and how long its training would take, without fitting."""

    source: Source
    clusters: Clusters = Field(None, description="Number of clusters, 2 to 1000; auto chooses it without labels.")
    encoding: EncodingSettings = EncodingSettings()
    training: TrainingSettings = TrainingSettings()

    def cli_cmd(self) -> None:
        """Print the findings."""
        from flows.contradictions import refuse_uncounted
        from tasks.estimate import training_seconds
        from tasks.ingest import inspect_source

        columns = SourceSettings(**self.model_dump(include=set(SourceSettings.model_fields)))
        settings = self.of(self.model)
        if settings.has_components:  # for the others hdbscan may find it
            refuse_uncounted({self.model: settings}, self.clusters)
        found = inspect_source(self.source, columns, self.encoding, self.clusters)
        seconds = training_seconds(found, self.model, settings, self.training, self.clusters)
        counts = self.clusters is None and settings.counts_clusters
        print(*inspection_lines(found, seconds, counts), sep="\n")


class Genclust(BaseSettings):
    """Deep generative clustering as a dependable batch job."""

    model_config = SettingsConfigDict(
        cli_prog_name="genclust", cli_kebab_case=True, cli_implicit_flags=True, extra="forbid",
        cli_hide_none_type=True, cli_avoid_json=True, cli_enforce_required=True,
    )  # fmt: skip

    fit: CliSubCommand[Fit] = Field(description=Fit.__doc__)
    export: CliSubCommand[Export] = Field(description=Export.__doc__)
    explain: CliSubCommand[Explain] = Field(description=Explain.__doc__)
    check: CliSubCommand[Check] = Field(description=Check.__doc__)
    serve: CliSubCommand[Serve] = Field(description=Serve.__doc__)
    status: CliSubCommand[Status] = Field(description=Status.__doc__)
    runs: CliSubCommand[Runs] = Field(description=Runs.__doc__)
    show: CliSubCommand[Show] = Field(description=Show.__doc__)
    clean: CliSubCommand[Clean] = Field(description=Clean.__doc__)
    clusters: CliSubCommand[ListClusters] = Field(description=ListClusters.__doc__)
    promote: CliSubCommand[Promote] = Field(description=Promote.__doc__)
    rollback: CliSubCommand[Rollback] = Field(description=Rollback.__doc__)
    promotions: CliSubCommand[Promotions] = Field(description=Promotions.__doc__)
    assign: CliSubCommand[Assign] = Field(description=Assign.__doc__)
    assigned: CliSubCommand[Assigned] = Field(description=Assigned.__doc__)
    compare: CliSubCommand[Compare] = Field(description=Compare.__doc__)

    def cli_cmd(self) -> None:
        """Hand over to the chosen command."""
        CliApp.run_subcommand(self)


def _end(signum: int, frame: object) -> None:
    """End as by Ctrl-C: what ends at once leaves Prefect's temporary server running."""
    sys.exit(128 + signum)


def main() -> None:
    """Entry point; the exit status is 0 only when the command did all it should."""
    be_quiet()
    signal.signal(signal.SIGTERM, _end)
    try:
        CliApp.run(Genclust)
        sys.stdout.flush()
    except BrokenPipeError:  # who reads the output has enough of it, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except ValidationError as error:
        sys.exit("\n".join(f"genclust: {line}" for line in setting_lines(error)))
    except (StageError, SettingsError) as error:
        sys.exit(f"genclust: {error}")
