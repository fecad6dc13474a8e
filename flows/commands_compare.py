"""`genclust compare`."""

from collections.abc import Iterator

from pydantic import Field

from flows.options import STORE, Source, StoreRoot
from models.model_settings import COMPARED, EveryModelSettings, ModelName
from models.settings import Clusters, EncodingSettings, Name, SearchSettings, SourceSettings, TrainingSettings
from tasks.comparison import Comparison, Outcome, fit_command, table_rows


class Compare(EveryModelSettings, SourceSettings):
    """Fit several models to a table and rank them without labels."""

    source: Source
    clusters: Clusters = Field(10, description="Number of clusters; auto only with models that choose it.")
    name: Name = Field("main", description="What the comparison is kept under.")
    models: tuple[ModelName, ...] = Field(COMPARED, min_length=1, description="The contestants.")
    seeds: int = Field(3, ge=1, le=20, description="How often each is fitted, from seeds 0, 1, ...")
    store: StoreRoot = STORE
    encoding: EncodingSettings = EncodingSettings()
    training: TrainingSettings = TrainingSettings()
    search: SearchSettings = SearchSettings()

    def cli_cmd(self) -> None:
        """Run the flow and print the leaderboard."""
        from flows.compare_models import compare_models
        from flows.service_client import check_server

        check_server()
        told = {name: getattr(self, name) for name in Compare.__annotations__}
        columns = SourceSettings(**self.model_dump(include=set(SourceSettings.model_fields)))
        settings = EveryModelSettings(**{name: getattr(self, name) for name in EveryModelSettings.model_fields})
        print(*leaderboard_lines(compare_models(columns=columns, settings=settings, **told)), sep="\n")


def leaderboard_lines(found: Comparison) -> Iterator[str]:
    """The leaderboard as a table, label metrics in the last columns, and how to go on."""
    rows = table_rows(found.contestants)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [columns, *([str(row.get(name, "")) for name in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    yield f"\n{found.name}: {len(rows)} contestants, ranked without labels\n"
    for line in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
    for each in found.contestants:
        if each.outcome == Outcome.failed:
            yield f"\n{each.title} failed: {each.reason}"
    yield f"\npage      {found.report}"
    if found.contestants[0].outcome == Outcome.ranked:
        yield f"go on     {fit_command(found)}"
