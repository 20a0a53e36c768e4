"""Weights in 16 bits: half of a graph's size.

TensorFlow's converter would round every constant, a factor such as 1 / 2816 in a gradient too: maps would no
longer add up to the score, and a factor that is too small for 16 bits would become 0.
"""

from typing import Any

import numpy as np

FEWEST = 1024
"""Numbers that a constant has before it is rounded: fewer are not worth it."""
SMALLEST, LARGEST = float(np.finfo(np.float16).tiny), float(np.finfo(np.float16).max)
"""Between them, numbers of 16 bits have all their digits."""
ALIGNMENT = 16
"""Of constants in the file, as its schema demands: kernels read them where they lie."""
IDENTIFIER = b"TFL3"


def halved(graph: bytes) -> bytes:
    """Store the large constants of a LiteRT graph in 16 bits; loaded, they are 32 bits wide again.

    Parameters
    ----------
    graph : bytes
        With constants in 32 bits.

    Returns
    -------
    bytes
        The same operations, and before them one ``DEQUANTIZE`` for each constant of :data:`FEWEST` numbers or
        more. Constants that 16 bits cannot hold, and factors that fill a whole map, stay as they are.
    """
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(graph, 0)
    chosen = _chosen(model, schema)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = 1
    model.operatorCodes.append(code)
    for subgraph in model.subgraphs:
        _widen(subgraph, chosen, len(model.operatorCodes) - 1, schema)
    for number in chosen:
        buffer = model.buffers[number]
        buffer.data = np.asarray(buffer.data).view("<f4").astype("<f2").view(np.uint8)
    model.buffers = [_Aligned(buffer, schema) for buffer in model.buffers]
    builder = flatbuffers.Builder(len(graph))
    builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _chosen(model: Any, schema: Any) -> set[int]:  # noqa: ANN401 - TensorFlow is untyped
    """Numbers of the buffers to round: whoever uses them takes 32 bits, and nothing gives them away."""
    kinds: dict[int, set[int]] = {}
    for subgraph in model.subgraphs:
        given = {int(index) for index in [*subgraph.inputs, *subgraph.outputs]}
        for index, tensor in enumerate(subgraph.tensors):
            kinds.setdefault(tensor.buffer, set()).add(-1 if index in given else tensor.type)
    return {
        number
        for number, buffer in enumerate(model.buffers)
        if kinds.get(number) == {schema.TensorType.FLOAT32} and _fits(buffer.data)
    }


def _fits(data: Any) -> bool:  # noqa: ANN401 - bytes of any kind
    """Whether 16 bits hold a constant well enough."""
    if data is None or len(data) < 4 * FEWEST:
        return False
    values = np.asarray(data).view("<f4")
    largest = float(np.abs(values).max())
    return bool(SMALLEST <= largest <= LARGEST and np.ptp(values) > 0.0)


def _widen(subgraph: Any, chosen: set[int], opcode: int, schema: Any) -> None:  # noqa: ANN401 - TensorFlow is untyped
    """Put an operation before all others for each constant that is rounded, and let these take its result."""
    wide: dict[int, int] = {}
    widening = []
    for index, tensor in enumerate(list(subgraph.tensors)):
        if tensor.buffer not in chosen:
            continue
        again = schema.TensorT()
        again.name, again.shape, again.type = tensor.name, tensor.shape, tensor.type
        tensor.type = schema.TensorType.FLOAT16
        wide[index] = len(subgraph.tensors)
        subgraph.tensors.append(again)
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = opcode, [index], [wide[index]]
        operator.builtinOptionsType = schema.BuiltinOptions.DequantizeOptions
        operator.builtinOptions = schema.DequantizeOptionsT()
        widening.append(operator)
    for operator in subgraph.operators:
        operator.inputs = [wide.get(int(index), int(index)) for index in operator.inputs]
    subgraph.operators = [*widening, *subgraph.operators]


class _Aligned:
    """A buffer that is written where the schema wants it: the generated code forgets that."""

    def __init__(self, buffer: Any, schema: Any) -> None:  # noqa: ANN401 - TensorFlow is untyped
        self._data, self._schema = buffer.data, schema

    def Pack(self, builder: Any) -> int:  # noqa: ANN401 - as the generated code calls it
        """Write the buffer; gives its place."""
        data = None
        if self._data is not None:
            values = np.asarray(self._data, dtype=np.uint8).tobytes()
            builder.StartVector(1, len(values), ALIGNMENT)
            builder.head -= len(values)
            builder.Bytes[builder.head : builder.head + len(values)] = values
            data = builder.EndVector()
        self._schema.BufferStart(builder)
        if data is not None:
            self._schema.BufferAddData(builder, data)
        place: int = self._schema.BufferEnd(builder)
        return place
