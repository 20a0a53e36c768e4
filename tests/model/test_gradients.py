"""Portable gradients are TensorFlow's, but that nearly equal inputs share the gradient of their maximum."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mammo_core.compiler.gradients import GRADIENTS, portable_gradients
from mammo_core.compiler.pooling import NEAR
from mammo_core.compiler.windows import Side, Window
from mammo_core.records import FloatArray

pytestmark = pytest.mark.tf

Tensor = Any
Function = Callable[..., Tensor]
raw = tf.raw_ops


def noise(*shape: int, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def traced(function: Function, inputs: Sequence[FloatArray], *, portable: bool) -> Any:  # noqa: ANN401
    """A graph of the gradients of a random weighing of the outputs, traced as the compiler does it."""

    def differentiated(*tensors: Tensor) -> list[Tensor]:
        with portable_gradients() if portable else nullcontext():
            output = function(*tensors)
            return list(tf.gradients(output, tensors, [noise(*output.shape, seed=1)]))

    return tf.function(differentiated, autograph=False).get_concrete_function(*map(tf.constant, inputs))


def gradients(function: Function, *inputs: FloatArray, portable: bool) -> list[FloatArray]:
    """With respect to each input."""
    found = traced(function, inputs, portable=portable)(*map(tf.constant, inputs))
    return [np.asarray(each) for each in found]


def kinds(function: Function, *inputs: FloatArray) -> set[str]:
    """Operations of the network and of its portable gradient."""
    graph = traced(function, inputs, portable=True).graph
    return {operation.type for operation in graph.get_operations()}


def without_kernel(operations: set[str]) -> set[str]:
    return {each for each in operations if each.endswith("Grad") or "Backprop" in each}


def agree(kind: str, function: Function, *inputs: FloatArray, portable: bool = True) -> None:
    """Compare, for a function that is made of this operation, and of others that need nothing special.

    Parameters
    ----------
    portable : bool
        Whether there is a portable gradient for this use of the operation.
    """
    ours = gradients(function, *inputs, portable=True)
    theirs = gradients(function, *inputs, portable=False)

    assert any(np.abs(each).max() > 1e-3 for each in theirs), "the fixture has a gradient"
    for one, other in zip(ours, theirs, strict=True):
        assert np.allclose(one, other, rtol=1e-5, atol=1e-5)
    assert kind in kinds(function, *inputs)
    assert bool(without_kernel(kinds(function, *inputs))) is not portable


ELEMENTWISE: dict[str, Function] = {
    "Elu": tf.nn.elu,
    "Inv": lambda x: raw.Inv(x=x + 3.0),
    "LeakyRelu": lambda x: tf.nn.leaky_relu(x, 0.3),
    "Reciprocal": lambda x: raw.Reciprocal(x=x + 3.0),
    "Relu": tf.nn.relu,
    "Relu6": lambda x: tf.nn.relu6(8.0 * x),
    "Rsqrt": lambda x: tf.math.rsqrt(tf.abs(x) + 0.1),
    "Selu": tf.nn.selu,
    "Sigmoid": tf.sigmoid,
    "Softplus": tf.math.softplus,
    "Softsign": tf.nn.softsign,
    "Sqrt": lambda x: tf.sqrt(tf.abs(x) + 0.1),
    "Tanh": tf.tanh,
}
EDGES = np.array([-50.0, -6.0, -1e-7, 0.0, 1e-7, 0.75, 6.0, 50.0], np.float32)
PRODUCTS: dict[str, tuple[Function, tuple[int, int], tuple[int, int]]] = {
    "plain": (lambda a, b: raw.MatMul(a=a, b=b), (1, 5), (5, 7)),
    "several rows": (lambda a, b: raw.MatMul(a=a, b=b), (4, 5), (5, 7)),
    "left transposed": (lambda a, b: raw.MatMul(a=a, b=b, transpose_a=True), (5, 4), (5, 7)),
    "right transposed": (lambda a, b: raw.MatMul(a=a, b=b, transpose_b=True), (4, 5), (7, 5)),
    "both transposed": (
        lambda a, b: raw.MatMul(a=a, b=b, transpose_a=True, transpose_b=True),
        (5, 4),
        (7, 5),
    ),
}
SLICES: dict[str, Function] = {
    "a range": lambda x: x[:, 1:4, 2:, :],
    "one of an axis": lambda x: x[:, 2],
    "the last": lambda x: x[..., -1],
    "one place": lambda x: x[0, 1, 2],
    "a new axis": lambda x: x[:, None, 1:3],
    "all": lambda x: x[:],
}
NOT_PORTABLE: dict[str, tuple[str, Function]] = {
    "slice with a step": ("StridedSlice", lambda x: x[:, ::2, 1::3]),
    "slice that runs backwards": ("StridedSlice", lambda x: x[:, ::-1]),
    "slice of nothing": ("StridedSlice", lambda x: tf.concat([x[:, 3:3], x], 1)),
    "slice of places that are known only when it runs": (
        "StridedSlice",
        lambda x: tf.ensure_shape(x[:, tf.cast(tf.reduce_sum(x) * 0.0, tf.int32) :], x.shape),
    ),
    "pooling with padding of its own": (
        "MaxPool",
        lambda x: tf.nn.max_pool2d(x, 2, 2, [[0, 0], [1, 1], [1, 1], [0, 0]]),
    ),
}
REDUCTIONS: dict[str, Function] = {
    "over rows and columns": lambda x: tf.reduce_max(x, [1, 2]),
    "kept": lambda x: tf.reduce_max(x, [1, 2], keepdims=True),
    "over channels": lambda x: tf.reduce_max(x, -1),
    "over one axis": lambda x: tf.reduce_max(x, 1),
}
# (rows and columns of the input), window, stride
WINDOWS = [
    ((8, 6), 2, 2),
    ((9, 7), 2, 2),
    ((9, 7), 3, 2),
    ((8, 8), 3, 1),
    ((11, 10), 2, 3),
    ((7, 12), 5, 3),
    ((5, 5), 5, 5),
    ((6, 5), 1, 2),
]
PADDINGS = pytest.mark.parametrize("padding", ["SAME", "VALID"])
SIZES = pytest.mark.parametrize(("size", "window", "stride"), WINDOWS)


class TestOwnAndPortable:
    @pytest.mark.parametrize("kind", ELEMENTWISE)
    @pytest.mark.parametrize("values", [noise(1, 5, 4, 3), EDGES], ids=["noise", "edges"])
    def test_gradients_agree_for(self, kind: str, values: FloatArray) -> None:
        agree(kind, ELEMENTWISE[kind], values)

    @pytest.mark.parametrize("kind", PRODUCTS)
    def test_gradients_agree_for_a_product(self, kind: str) -> None:
        function, left, right = PRODUCTS[kind]

        agree("MatMul", function, noise(*left), noise(*right, seed=2))

    @pytest.mark.parametrize("shape", [(1, 4), (1, 5, 4, 3)], ids=["of a vector", "of a map"])
    def test_gradients_agree_for_a_bias(self, shape: tuple[int, ...]) -> None:
        agree("BiasAdd", tf.nn.bias_add, noise(*shape), noise(shape[-1], seed=2))

    @pytest.mark.parametrize("axis", [1, 3, -1])
    def test_gradients_agree_for_parts_put_together(self, axis: int) -> None:
        parts = (noise(2, 3, 4, 5), noise(2, 3, 4, 5, seed=2), noise(2, 3, 4, 5, seed=3))

        agree("ConcatV2", lambda *tensors: tf.concat(tensors, axis), *parts)

    @pytest.mark.parametrize("kind", SLICES)
    def test_gradients_agree_for_a_slice_of(self, kind: str) -> None:
        agree("StridedSlice", SLICES[kind], noise(1, 7, 8, 3))

    @pytest.mark.parametrize("kind", REDUCTIONS)
    @pytest.mark.parametrize("ties", [False, True])
    def test_gradients_agree_for_a_maximum(self, kind: str, *, ties: bool) -> None:
        """Of a reduction, TensorFlow shares the gradient between equal inputs, too."""
        values = np.round(noise(1, 5, 4, 3)) if ties else noise(1, 5, 4, 3)

        agree("Max", REDUCTIONS[kind], values)

    @SIZES
    @PADDINGS
    def test_gradients_agree_for_a_maximum_of_windows(
        self, size: tuple[int, int], window: int, stride: int, padding: str
    ) -> None:
        agree("MaxPool", lambda x: tf.nn.max_pool2d(x, window, stride, padding), noise(2, *size, 3))

    @SIZES
    @PADDINGS
    def test_gradients_agree_for_a_mean_of_windows(
        self, size: tuple[int, int], window: int, stride: int, padding: str
    ) -> None:
        agree("AvgPool", lambda x: tf.nn.avg_pool2d(x, window, stride, padding), noise(2, *size, 3))

    @SIZES
    @PADDINGS
    @pytest.mark.parametrize("several", [1, 2])
    def test_gradients_agree_for_a_depthwise_convolution(
        self, size: tuple[int, int], window: int, stride: int, padding: str, several: int
    ) -> None:
        kernel = tf.constant(noise(window, window, 3, several, seed=2))

        agree(
            "DepthwiseConv2dNative",
            lambda x: tf.nn.depthwise_conv2d(x, kernel, (1, stride, stride, 1), padding),
            noise(1, *size, 3),
        )

    def test_gradients_agree_for_windows_of_different_sides(self) -> None:
        agree("MaxPool", lambda x: tf.nn.max_pool2d(x, (3, 2), (2, 3), "SAME"), noise(1, 9, 10, 2))
        agree("AvgPool", lambda x: tf.nn.avg_pool2d(x, (1, 4), (1, 3), "VALID"), noise(1, 9, 10, 2))

    @pytest.mark.parametrize("use", NOT_PORTABLE)
    def test_gradients_agree_where_there_is_none_that_is_portable(self, use: str) -> None:
        kind, function = NOT_PORTABLE[use]

        agree(kind, function, noise(1, 8, 6, 2), portable=False)

    def test_gradients_of_all_operations_are_compared(self) -> None:
        others = {"AvgPool", "BiasAdd", "ConcatV2", "DepthwiseConv2dNative", "MatMul", "Max", "MaxPool"}

        assert set(GRADIENTS) == {*ELEMENTWISE, *others, "StridedSlice"}


class TestNearlyEqualInputs:
    def test_of_a_window_share_the_gradient(self) -> None:
        image = np.zeros((1, 2, 4, 1), np.float32)
        image[0, :, 2:, 0] = [[3.0, 1.0], [3.0, 3.0]]

        [ours] = gradients(lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"), image, portable=True)
        upstream = noise(1, 1, 2, 1, seed=1)

        shares = np.array([[0.25, 0.25, 1 / 3, 0.0], [0.25, 0.25, 1 / 3, 1 / 3]])
        expected = shares * np.repeat(upstream[0, 0, :, 0], 2)
        assert ours[0, :, :, 0] == pytest.approx(expected)

    def test_get_a_share_that_does_not_jump(self) -> None:
        def share(below: float) -> float:
            image = np.array([1.0 - below, 1.0], np.float32).reshape(1, 1, 2, 1)
            [ours] = gradients(lambda x: tf.nn.max_pool2d(x, (1, 2), 1, "VALID"), image, portable=True)
            return float(ours[0, 0, 0, 0] / ours.sum())

        shares = [share(part * NEAR) for part in (0.0, 0.25, 0.5, 0.75, 1.01)]

        assert shares == pytest.approx([0.5, 0.43, 0.33, 0.2, 0.0], abs=0.01)

    @pytest.mark.parametrize("value", [0.0, -2.0, 1e-30, 1e30])
    def test_of_a_flat_image_share_alike_at_any_level(self, value: float) -> None:
        flat = np.full((1, 6, 6, 2), value, np.float32)

        [ours] = gradients(lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"), flat, portable=True)

        expected = np.repeat(np.repeat(noise(1, 3, 3, 2, seed=1), 2, axis=1), 2, axis=2) / 4
        assert ours == pytest.approx(expected)

    def test_keep_the_sum_of_the_gradient(self) -> None:
        """So Grad-CAM, which averages, does not depend on who is said to be the largest."""
        values = np.round(noise(1, 9, 9, 2))
        function: Function = lambda x: tf.nn.max_pool2d(x, 3, 2, "SAME")  # noqa: E731

        ours, theirs = (gradients(function, values, portable=portable)[0] for portable in (True, False))

        assert not np.allclose(ours, theirs), "TensorFlow gives it to the first"
        assert ours.sum(axis=(1, 2)) == pytest.approx(theirs.sum(axis=(1, 2)), abs=1e-5)


@st.composite
def sides(draw: st.DrawFn) -> tuple[int, int, int, bool]:
    """Size, window, stride and whether the padding is SAME, of an axis that has an output."""
    size, window, stride = draw(st.integers(1, 9)), draw(st.integers(1, 5)), draw(st.integers(1, 4))
    same = draw(st.booleans())
    assume(same or size >= window)
    return size, window, stride, same


def side_of(size: int, window: int, stride: int, same: bool) -> Side:
    outputs = -(-size // stride) if same else (size - window) // stride + 1
    return Side.of(size=size, outputs=outputs, window=window, stride=stride, same=same)


class TestWindows:
    @given(sides(), sides())
    @settings(max_examples=40)
    def test_see_what_tensorflow_s_windows_see(
        self, down: tuple[int, int, int, bool], across: tuple[int, int, int, bool]
    ) -> None:
        across = (*across[:3], down[3])
        assume(across[3] or across[0] >= across[1])
        window = Window(side_of(*down), side_of(*across))
        image = noise(1, down[0], across[0], 2)
        padding = "SAME" if down[3] else "VALID"

        padded = window.padded(tf.constant(image), -9.0)
        seen = np.stack([window.inputs_at(padded, place).numpy() for place in window.places])

        pooled = tf.nn.max_pool2d(image, (down[1], across[1]), (down[2], across[2]), padding).numpy()
        assert seen.max(axis=0) == pytest.approx(pooled)

    @given(sides(), sides())
    @settings(max_examples=40)
    def test_add_up_as_tensorflow_s_gradient_of_a_depthwise_convolution_does(
        self, down: tuple[int, int, int, bool], across: tuple[int, int, int, bool]
    ) -> None:
        across = (across[0], across[1], down[2], down[3])
        assume(across[3] or across[0] >= across[1])
        window = Window(side_of(*down), side_of(*across))
        kernel = noise(down[1], across[1], 2, 1)
        upstream = noise(1, window.rows.outputs, window.columns.outputs, 2, seed=1)

        parts = {place: upstream * kernel[*place, :, 0] for place in window.places}
        ours = window.summed({place: tf.constant(part) for place, part in parts.items()}).numpy()

        theirs = raw.DepthwiseConv2dNativeBackpropInput(
            input_sizes=[1, down[0], across[0], 2],
            filter=kernel,
            out_backprop=upstream,
            strides=[1, down[2], down[2], 1],
            padding="SAME" if down[3] else "VALID",
        ).numpy()
        assert np.allclose(ours, theirs, atol=1e-5)

    def test_leave_out_places_that_give_nothing(self) -> None:
        window = Window(side_of(4, 2, 2, same=False), side_of(4, 2, 2, same=False))

        ours = window.summed({(0, 1): tf.ones((1, 2, 2, 1))}).numpy()

        assert ours[0, :, :, 0].tolist() == [[0, 1, 0, 1], [0, 0, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0]]
