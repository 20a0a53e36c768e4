"""Weights in 16 bits: half of a graph's size.

TensorFlow's converter would round every constant, a factor such as 1 / 2816 in a gradient too: maps would no
longer add up to the score, and a factor that is too small for 16 bits would become 0.
"""

from typing import Any

import numpy as np

FEWEST = 1024
"""Numbers that a constant has before it is rounded: fewer are not worth it."""
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
        more, unless one of its numbers is too large for 16 bits.
    """
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(graph, 0)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = 1
    model.operatorCodes.append(code)
    rounded: dict[int, bool] = {}
    for subgraph in model.subgraphs:
        _halve(subgraph, model, len(model.operatorCodes) - 1, rounded, schema)
    builder = flatbuffers.Builder(len(graph))
    builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _halve(
    subgraph: Any,  # noqa: ANN401 - TensorFlow is untyped
    model: Any,  # noqa: ANN401
    opcode: int,
    rounded: dict[int, bool],
    schema: Any,  # noqa: ANN401
) -> None:
    """Round the constants of one subgraph; ``rounded`` tells of buffers, because constants share them."""
    wide: dict[int, int] = {}
    widening = []
    for index, tensor in enumerate(list(subgraph.tensors)):
        if tensor.type != schema.TensorType.FLOAT32 or not _round(tensor.buffer, model, rounded):
            continue
        tensor.type = schema.TensorType.FLOAT16
        again = schema.TensorT()
        again.name, again.shape, again.type, again.buffer = (
            tensor.name + b"/wide",
            tensor.shape,
            schema.TensorType.FLOAT32,
            0,
        )
        wide[index] = len(subgraph.tensors)
        subgraph.tensors.append(again)
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = opcode, [index], [wide[index]]
        operator.builtinOptionsType = schema.BuiltinOptions.DequantizeOptions
        operator.builtinOptions = schema.DequantizeOptionsT()
        widening.append(operator)
    for operator in subgraph.operators:
        operator.inputs = [wide.get(int(index), int(index)) for index in operator.inputs]
    subgraph.outputs = [wide.get(int(index), int(index)) for index in subgraph.outputs]
    subgraph.operators = [*widening, *subgraph.operators]


def _round(buffer: int, model: Any, rounded: dict[int, bool]) -> bool:  # noqa: ANN401 - TensorFlow is untyped
    """Round a buffer once; whether it is rounded."""
    if buffer not in rounded:
        data = model.buffers[buffer].data
        values = np.zeros(0, np.float32) if data is None else np.asarray(data).view("<f4")
        with np.errstate(over="ignore"):
            half = values.astype("<f2")
        rounded[buffer] = bool(values.size >= FEWEST and np.isfinite(half).all())
        if rounded[buffer]:
            model.buffers[buffer].data = half.view(np.uint8)
    return rounded[buffer]
