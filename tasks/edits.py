"""What a person says of a cluster, as a record."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

ClusterName = Annotated[str, Field(min_length=1, max_length=100)]


class EditKind(StrEnum):
    """What a person did to a cluster."""

    rename = "rename"
    merge = "merge"
    dismiss = "dismiss"
    restore = "restore"


class Edit(BaseModel):
    """One record; `into` is of a merger, `title` of a renaming."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: EditKind
    cluster: int
    into: int | None = None
    title: ClusterName | None = None
    made_at: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
