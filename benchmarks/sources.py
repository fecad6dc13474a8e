"""The labelled data sets of the benchmarks, as arguments of `genclust fit`; their labels serve measuring alone."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from tasks.code import ROOT

DATA = ROOT.parent / "shared" / "data"
REUTERS = "reuters-r8.parquet"
TEXT_COLUMNS = 100


@dataclass(frozen=True)
class Source:
    """A data set: its file (none for the embedded digits), its classes and their column, and its rows' split."""

    file: str | None
    clusters: int = 10
    label: str = "label"
    split: bool = True  # the official one; else a hash's


SOURCES = {
    "digits": Source(None),
    "pendigits": Source("pendigits.parquet"),
    "pendigits-mixed": Source("pendigits.parquet", split=False),  # all writers among the train rows, as in papers
    "mnist": Source("mnist.parquet"),
    "fashion-mnist": Source("fashion-mnist.parquet"),
    "reuters": Source(REUTERS, 8, "topic"),  # its text as a column for each number
    "reuters-vectors": Source(REUTERS, 8, "topic"),  # the same numbers in one column of lists, which keeps their scale
}


def source_arguments(name: str, data: Path, folder: Path) -> list[str]:
    """What tells `genclust fit` of a data set in the folder `data`; `folder` takes what has to be made of it."""
    source = SOURCES[name]
    if source.file is None:
        return ["digits"]
    path = data / source.file
    if source.file == REUTERS:
        path = folder / "reuters.parquet"
        write_texts(data / source.file, path, as_lists=name == "reuters-vectors")
    split = ["--split-column=split"] if source.split else ["--ignore=split"]
    return [str(path), "--id-column=id", f"--label-column={source.label}", *split]


def write_texts(source: Path, out: Path, as_lists: bool) -> None:
    """Texts as TEXT_COLUMNS numbers: TF-IDF and truncated SVD, both fitted to the train rows without their topics."""
    table = pq.read_table(source)
    text, is_train = table["text"].to_numpy(), table["split"].to_numpy() == "train"
    tfidf = TfidfVectorizer(sublinear_tf=True, min_df=2).fit(text[is_train])
    words = tfidf.transform(text)  # (rows, words), sparse
    svd = TruncatedSVD(TEXT_COLUMNS, random_state=0).fit(words[is_train])
    x = svd.transform(words).astype(np.float32)  # (rows, TEXT_COLUMNS)
    numbers = {f"t{i:03d}": pa.array(x[:, i]) for i in range(TEXT_COLUMNS)}
    lists = {"vector": pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), TEXT_COLUMNS)}
    kept = {name: table[name] for name in ("id", "split", "topic")}
    pq.write_table(pa.table(kept | (lists if as_lists else numbers)), out)
