"""How the promoted version of a name was made, to make a newer one in the same way."""

from typing import Any

from tasks.errors import BadInput
from tasks.promotions import champion
from tasks.store import Store


def champion_settings(store: Store, name: str) -> dict[str, Any]:
    """The settings of the run that made the promoted version, as JSON: parameters of the flow fit_clusters.

    Raises:
        BadInput: nothing was promoted under the name, or its bundle is gone.
    """
    version = champion(store, name, "refit").version
    found = store.find(f"models/{name}/versions", version)
    if found is None:
        remedy = "Fit it again, or roll back to another version."
        raise BadInput("refit", f"the bundle of {name}'s promoted version {version}", "none, or not whole", remedy)
    settings: dict[str, Any] = store.json(found["bundle"])["settings"]
    return settings
