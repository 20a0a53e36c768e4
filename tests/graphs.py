"""Compiled graphs that are damaged on purpose."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def with_a_missing_input(graph: bytes) -> bytes:
    """A well-formed graph whose convolutions have no image: LiteRT follows a null pointer."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(graph, 0))
    for operator in model.subgraphs[0].operators:
        operator.inputs = np.array([-1, *operator.inputs[1:]], np.int32)
    builder = flatbuffers.Builder(len(graph))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def with_a_huge_image(graph: bytes) -> bytes:
    """A well-formed graph whose image has 2^19 rows and columns, a terabyte: a changed number is enough."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(graph, 0))
    part = model.subgraphs[0]
    image = max((part.tensors[number] for number in part.inputs), key=lambda tensor: len(tensor.shape))
    image.shape = np.array([1, 1 << 19, 1 << 19, image.shape[3]], np.int32)
    builder = flatbuffers.Builder(len(graph))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def damaged(graph: bytes, seed: int) -> bytes:
    """A graph with other bytes: anywhere, near either end, where its structure lies, or cut off."""
    random = np.random.default_rng(seed)
    data: NDArray[np.uint8] = np.frombuffer(graph, np.uint8).copy()
    if seed % 4 == 0:
        return graph[: int(random.integers(8, len(graph)))]
    first, last = [(8, len(graph)), (8, 4000), (len(graph) - 4000, len(graph))][seed % 4 - 1]
    places = random.integers(first, last, size=int(random.integers(1, 12)))
    data[places] = random.integers(0, 256, size=places.size)
    return data.tobytes()
