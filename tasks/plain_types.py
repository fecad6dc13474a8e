"""Arrow's many types as the few that later steps know."""

import pyarrow as pa
import pyarrow.compute as pc

PLAIN = {
    pa.large_string(): pa.string(),
    pa.string_view(): pa.string(),
    pa.large_binary(): pa.binary(),
    pa.binary_view(): pa.binary(),
    pa.float16(): pa.float32(),
    pa.month_day_nano_interval(): pa.string(),
}


def plain(table: pa.Table) -> pa.Table:
    """The table without dictionaries, decimals, half floats, views, runs and extensions.

    Lists of no length are lists of any. Of the metadata only the fields' stays; a tensor's shape is added to it.
    """
    columns = [_plain_column(column) for column in table.columns]
    fields = [_plain_field(field, column.type) for field, column in zip(table.schema, columns, strict=True)]
    return pa.table(columns, pa.schema(fields))


def _plain_field(field: pa.Field, type: pa.DataType) -> pa.Field:
    shape = getattr(field.type, "shape", None)
    told = {"shape": "x".join(map(str, shape))} if shape else {}
    metadata = {**(field.metadata or {}), **told}
    return pa.field(field.name, type, metadata=metadata or None)


def _plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    type = column.type
    if pa.types.is_run_end_encoded(type):
        chunks = [pc.run_end_decode(chunk) for chunk in column.chunks]
        return _plain_column(pa.chunked_array(chunks, type.value_type))
    if pa.types.is_interval(type):
        texts = [None if value is None else str(tuple(value)) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    if _is_view(type):  # Arrow's own cast is wrong where they have gaps
        return pa.chunked_array([pa.array(column.to_pylist(), plain_type(type))])
    return column.cast(plain_type(type))


def plain_type(type: pa.DataType) -> pa.DataType:
    """What cells of a type become."""
    if isinstance(type, pa.BaseExtensionType):
        return plain_type(type.storage_type)
    if pa.types.is_dictionary(type) or pa.types.is_run_end_encoded(type):
        return plain_type(type.value_type)
    if pa.types.is_decimal(type):
        return pa.float64()
    if pa.types.is_fixed_size_list(type) and type.list_size:
        return pa.list_(plain_type(type.value_type), type.list_size)
    if _is_list(type):
        return pa.list_(plain_type(type.value_type))
    return PLAIN.get(type, type)


def _is_list(type: pa.DataType) -> bool:
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list, _is_view)
    return any(test(type) for test in tests)


def _is_view(type: pa.DataType) -> bool:
    return pa.types.is_list_view(type) or pa.types.is_large_list_view(type)
