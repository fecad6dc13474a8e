"""The data contract: one pyarrow schema for each kind of table that stages pass on.

`rows` and `samples` also carry the user's own columns, and `vectors` has the width of the data;
those come with the functions below.
"""

import pyarrow as pa

ROW_ID = pa.field("row_id", pa.string(), nullable=False)
SAMPLE_ID = pa.field("sample_id", pa.string(), nullable=False)
SPLIT = pa.field("split", pa.string(), nullable=False)
SPLITS = ("train", "validation", "test")

REJECTED = pa.schema(
    [("file", pa.string()), ("position", pa.int64()), ("reason", pa.string()), ("content", pa.string())]
)
LABELS = pa.schema([ROW_ID, ("label", pa.string())])
METRICS = pa.schema([("name", pa.string()), ("value", pa.float64()), ("split", pa.string())])
HISTORY = pa.schema([("phase", pa.string()), ("step", pa.int64()), ("name", pa.string()), ("value", pa.float64())])
RELIABILITY = pa.schema(  # of p_real: a bin's bounds, its rows and samples, their mean p_real, the share that is real
    [("low", pa.float64()), ("high", pa.float64()), ("count", pa.int64()), ("p_real", pa.float64()),
     ("real_share", pa.float64())]
)  # fmt: skip
DISTRIBUTIONS = pa.schema(  # of one of the user's columns: shares of test rows and of samples between the edges
    [("column", pa.string()), ("distance", pa.float64()), ("edges", pa.list_(pa.float64())),
     ("rows", pa.list_(pa.float64())), ("samples", pa.list_(pa.float64()))]
)  # fmt: skip
EXPLANATIONS = pa.schema(  # a column in a cluster against all other rows; the largest effects of a cluster first
    [("cluster", pa.int32()), ("column", pa.string()), ("effect", pa.float64()), ("direction", pa.string()),
     ("cluster_mean", pa.float64()), ("other_mean", pa.float64()), ("cluster_missing", pa.float64()),
     ("other_missing", pa.float64())]
)  # fmt: skip
_SCORES = [
    ("p_real", pa.float64()),
    ("log_density", pa.float64()),
    ("p_value", pa.float64()),
    ("is_outlier", pa.bool_()),
]
_ASSIGNMENTS = [
    ("cluster", pa.int32()),  # null: fits none
    ("cluster_probability", pa.float64()),
    ("second_cluster", pa.int32()),
    ("margin", pa.float64()),
    ("probabilities", pa.list_(pa.struct([("cluster", pa.int32()), ("probability", pa.float32())]))),
]
SCORES = pa.schema([ROW_ID, SPLIT, *_SCORES])
SAMPLE_SCORES = pa.schema([SAMPLE_ID, *_SCORES])
ASSIGNMENTS = pa.schema([ROW_ID, SPLIT, *_ASSIGNMENTS])
SAMPLE_ASSIGNMENTS = pa.schema([SAMPLE_ID, *_ASSIGNMENTS])


def rows(columns: pa.Schema) -> pa.Schema:
    """Accepted rows: the user's columns as they were typed in the source, without the label."""
    return pa.schema([ROW_ID, SPLIT, *columns])


def vectors(width: int) -> pa.Schema:
    """Encoded rows, each a vector of `width` float32."""
    return pa.schema([ROW_ID, SPLIT, ("vector", pa.list_(pa.float32(), width))])


def profiles(width: int) -> pa.Schema:
    """Each cluster's rows, and mean and standard deviation of their vectors."""
    vector = pa.list_(pa.float32(), width)
    return pa.schema([("cluster", pa.int32()), ("rows", pa.int64()), ("mean", vector), ("deviation", vector)])


def samples(columns: pa.Schema, width: int) -> pa.Schema:
    """Generated rows: component (null without components), vector, and the user's columns decoded from it."""
    own = [("component", pa.int32()), ("vector", pa.list_(pa.float32(), width))]
    return pa.schema([SAMPLE_ID, *own, *columns])


ASSIGNED = pa.schema(  # new rows in the clusters of a version; cluster_name is what people call it
    [ROW_ID, _ASSIGNMENTS[0], ("cluster_name", pa.string()), *_ASSIGNMENTS[1:], ("p_real", pa.float64()),
     ("p_value", pa.float64()), ("is_outlier", pa.bool_()), ("version", pa.string()),
     ("assigned_at", pa.timestamp("us", "UTC"))]
)  # fmt: skip
DRIFT = pa.schema(  # a test of new rows against those that the version was judged on
    [("what", pa.string()), ("statistic", pa.float64()), ("threshold", pa.float64()), ("p_value", pa.float64()),
     ("drifted", pa.bool_()), ("note", pa.string())]
)  # fmt: skip
