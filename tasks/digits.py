"""Real handwritten digits that ship with scikit-learn: 1,797 images of 8 x 8 pixels."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def write_digits(path: Path) -> None:
    """Write them as Parquet, with their ids and labels."""
    from sklearn.datasets import load_digits  # its import takes a second

    images, labels = load_digits(return_X_y=True)  # (1797, 64) of 0 to 16, (1797,)
    pixels = np.rint(images * 255 / 16).astype(np.uint8)
    columns = {
        "id": pa.array(np.arange(len(pixels))),
        "image": pa.FixedSizeListArray.from_arrays(pixels.ravel(), pixels.shape[1]),
        "label": pa.array(labels),
    }
    pq.write_table(pa.table(columns), path)
