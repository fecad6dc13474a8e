"""Parquet and Arrow (Feather) files as parts."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.parts import Part, part_rows, parts_of

BUFFER_BYTES = 1 << 20  # of a column of a Parquet file
FILE_MAGIC = b"ARROW1"  # how an Arrow file begins that isn't a stream


def parquet_parts(path: str) -> Iterator[Part]:
    """Parts of a Parquet file."""
    # without these two, Arrow holds all of the file that was read so far
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER_BYTES) as file:
        groups = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
        row_bytes = max((group.total_byte_size / max(group.num_rows, 1) for group in groups), default=0)
        rows = part_rows(file.schema_arrow, row_bytes)
        yield from parts_of(file.iter_batches(batch_size=rows), file.schema_arrow)


def arrow_parts(path: str) -> Iterator[Part]:
    """Parts of an Arrow file or stream; one of its record batches is in memory at a time.

    The file is not mapped into memory: one that is cut short meanwhile would then end the process.
    """
    with pa.OSFile(path) as file:
        if file.read(len(FILE_MAGIC)) == FILE_MAGIC:
            reader = pa.ipc.open_file(file)
            batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
        else:
            file.seek(0)
            batches = reader = pa.ipc.open_stream(file)
        yield from parts_of(_bounded(batches), reader.schema)


def _bounded(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches, those that are larger than a part in pieces."""
    for batch in batches:
        rows = part_rows(batch.schema, batch.nbytes / max(len(batch), 1))
        for start in range(0, len(batch), rows):
            yield batch.slice(start, rows)
