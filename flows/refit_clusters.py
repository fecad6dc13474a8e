"""A name fitted again, as its promoted version was: what a drift starts."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from flows.fit_clusters import fit_clusters
from models.settings import Name
from tasks.recipe import champion_settings
from tasks.registry import Registration
from tasks.store import Store


@flow(name="refit-clusters", persist_result=False)
def refit_clusters(
    name: Name = "digits", store: Annotated[str, Field(min_length=1)] = "store", source: str | None = None
) -> Registration:
    """Fit a name again with the settings of its promoted version, on what its source holds now.

    Args:
        name: What the result is registered as.
        store: Folder or URI where everything is kept.
        source: Another source than that of the promoted version.
    """
    settings = champion_settings(Store(store), name)
    changed = {"name": name, "store": store} | ({"source": source} if source else {})
    return fit_clusters(**settings | changed)
