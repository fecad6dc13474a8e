"""`genclust clusters`: what the promoted version's clusters are, and what people say of them."""

from pydantic import BaseModel, Field
from pydantic_settings import CliPositionalArg, CliSubCommand, get_subcommand

from flows.options import STORE
from models.settings import Name
from tasks.edits import ClusterName, Edit, EditKind

ID = "The cluster, by its id."


class Rename(BaseModel):
    """Give a cluster a name, which the export shows."""

    cluster: CliPositionalArg[int] = Field(description=ID)
    title: CliPositionalArg[ClusterName] = Field(description="Its name.")

    def edit(self) -> Edit:
        """As a record."""
        return Edit(kind=EditKind.rename, cluster=self.cluster, title=self.title)


class Merge(BaseModel):
    """Let the rows of a cluster count as another's."""

    cluster: CliPositionalArg[int] = Field(description=ID)
    into: CliPositionalArg[int] = Field(description="The cluster that its rows count as.")

    def edit(self) -> Edit:
        """As a record."""
        return Edit(kind=EditKind.merge, cluster=self.cluster, into=self.into)


class Dismiss(BaseModel):
    """Call a cluster none: its rows fit no cluster."""

    cluster: CliPositionalArg[int] = Field(description=ID)

    def edit(self) -> Edit:
        """As a record."""
        return Edit(kind=EditKind.dismiss, cluster=self.cluster)


class Restore(BaseModel):
    """Undo the merger or the dismissal of a cluster."""

    cluster: CliPositionalArg[int] = Field(description=ID)

    def edit(self) -> Edit:
        """As a record."""
        return Edit(kind=EditKind.restore, cluster=self.cluster)


class ListClusters(BaseModel):
    """List the clusters of a promoted version, or name, merge and dismiss them; that survives refits."""

    name: CliPositionalArg[Name] = Field(description="What the result was registered as.")
    store: str = Field(
        STORE, description="Folder or URI where everything is kept; before the subcommand.", min_length=1
    )
    rename: CliSubCommand[Rename] = Field(description=Rename.__doc__)
    merge: CliSubCommand[Merge] = Field(description=Merge.__doc__)
    dismiss: CliSubCommand[Dismiss] = Field(description=Dismiss.__doc__)
    restore: CliSubCommand[Restore] = Field(description=Restore.__doc__)

    def cli_cmd(self) -> None:
        """Keep the edit, if there is one, and print the clusters."""
        from flows.cluster_lines import cluster_lines
        from tasks.catalogue import list_clusters
        from tasks.curation import add_edit
        from tasks.store import Store

        place, command = Store(self.store), get_subcommand(self, is_required=False)
        if isinstance(command, Rename | Merge | Dismiss | Restore):
            add_edit(place, self.name, command.edit())
        print(*cluster_lines(list_clusters(place, self.name)), sep="\n")
