"""Options that several commands have."""

import os
from typing import Annotated

from pydantic import Field
from pydantic_settings import CliPositionalArg

STORE = os.environ.get("GENCLUST_STORE", "store")
StoreRoot = Annotated[str, Field(description="Folder or URI where everything is kept.", min_length=1)]
Source = CliPositionalArg[
    Annotated[
        str,
        Field(
            description="A file, a folder or a glob (Parquet, Arrow, CSV, JSON lines, NPZ), on this machine or at any "
            "URI; or digits."
        ),
    ]
]
