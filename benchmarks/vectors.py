"""Labelled data as a model gets it: encoded vectors and their splits, without a flow."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.sources import SOURCES
from models.data_shape import DataShape
from models.encoding import Column, Encoding, Kind, image_shape
from models.encoding_fit import fit_encoding
from models.settings import EncodingSettings
from tasks.digits import write_digits
from tasks.identity import hashed_splits, named_splits, row_keys
from tasks.loading import matrix

OWN = ("id", "label", "split")


@dataclass(frozen=True)
class Data:
    """Vectors x (rows, width), their class and split (rows,), and the shape of each."""

    x: np.ndarray
    label: np.ndarray
    split: np.ndarray
    shape: DataShape


def read_data(name: str, data: Path, folder: Path) -> Data:
    """A data set of images or of numbers, encoded and split as the flow does it."""
    source = SOURCES[name]
    path = data / source.file if source.file else folder / "digits.parquet"
    if source.file is None:
        write_digits(path)
    table = pq.read_table(path)
    keys = row_keys(map(str, table["id"].to_pylist()))
    is_named = source.file is not None and source.split
    split = named_splits(table["split"].to_numpy(), keys, True) if is_named else hashed_splits(keys)
    columns = {column: _values(table, column) for column in table.column_names if column not in OWN}
    encoding = _encoding(columns, split == "train")
    shape = DataShape(encoding.width, encoding.is_image, encoding.image_shape)
    return Data(encoding.encode(columns), table["label"].to_numpy().astype(str), split.astype(str), shape)


def read_keel(path: Path) -> Data:
    """A table of KEEL (Alcalá-Fdez et al. 2011): a header of lines with @, numbers, the class last; a hash's split."""
    table = pd.read_csv(path, comment="@", header=None, skipinitialspace=True)
    values = table.iloc[:, :-1].to_numpy(np.float64)
    columns = {f"c{i}": values[:, i] for i in np.flatnonzero(np.ptp(values, axis=0))}
    split = hashed_splits(row_keys(map(str, range(len(table)))))
    encoding = _encoding(columns, split == "train")
    label = table[table.columns[-1]].to_numpy().astype(str)
    return Data(encoding.encode(columns), label, split.astype(str), DataShape(encoding.width, image=False))


def _values(table: pa.Table, column: str) -> np.ndarray:
    if pa.types.is_fixed_size_list(table.schema.field(column).type):
        return matrix(table, column)
    return table[column].to_numpy()


def _encoding(columns: dict[str, np.ndarray], is_train: np.ndarray) -> Encoding:
    described = [
        Column(name, Kind.IMAGE, "uint8", values.shape[1], 0, 255, image_shape(values.shape[1]))
        if values.ndim == 2
        else Column(name, Kind.NUMBER, "int64", 1, float(values.min()), float(values.max()))
        for name, values in columns.items()
    ]
    return fit_encoding(described, {name: values[is_train] for name, values in columns.items()}, EncodingSettings())
