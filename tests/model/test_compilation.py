"""What cannot be compiled is refused in one sentence, and what was compiled wrongly is never written."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers
from tensorflow.lite.python import schema_py_generated as schema

from mammo_core.compiler import gradients
from mammo_core.compiler.compile import compile_model
from mammo_core.compiler.halving import _fits
from mammo_core.errors import (
    CompilationError,
    ConfigurationError,
    ModelIntegrityError,
    ModelUnavailableError,
    TargetLayerError,
)
from mammo_core.models.bundle import unpack
from mammo_core.models.keras import KerasModel
from mammo_core.models.litert import LiteRTModel
from mammo_core.models.manifest import Verification
from mammo_core.records import FloatArray
from tests.backends import evidence_of, file_of, input_of, opened
from tests.conftest import make_manifest
from tests.networks import SHAPE, Layer, Network, Tensor, built, conv, files_of, randomised, saved

pytestmark = pytest.mark.tf

SERVED = " The .keras file itself can be served: the Keras backend is slower and gives the same answer."


@pytest.fixture(autouse=True)
def _same_weights() -> None:
    """Of layers that a test makes."""
    keras.utils.set_random_seed(3)


def network_of(*chain: Layer, channels: int = 1) -> Network:
    """One convolution, the given layers or functions, and a sigmoid."""
    image = values = keras.Input((*SHAPE, channels))
    for layer in (conv(6, "c1", strides=2), *chain, layers.Dense(1, "sigmoid")):
        values = layer(values)
    return randomised(keras.Model(image, values))


def report_of(bundle: bytes) -> Verification:
    compilation = unpack(bundle).manifest.compiled
    assert compilation is not None
    return compilation.verification


class Unknown(keras.Model):  # type: ignore[misc]  # Keras is untyped
    """A subclassed model whose class nobody registered."""

    def __init__(self) -> None:
        super().__init__()
        self.chain = [conv(4, "c1"), layers.GlobalAveragePooling2D(), layers.Dense(1, "sigmoid")]

    def call(self, inputs: Tensor) -> Tensor:
        for layer in self.chain:
            inputs = layer(inputs)
        return inputs


def subclassed() -> Network:
    network = Unknown()
    network(np.zeros((1, *SHAPE, 1), np.float32))
    return network


def holding_a_lambda() -> Network:
    return network_of(layers.Lambda(lambda x: x * 2), layers.Flatten())


def of_two_inputs() -> Network:
    images = [keras.Input((*SHAPE, 1)) for _ in range(2)]
    pooled = layers.GlobalAveragePooling2D()(conv(4, "c1")(layers.Concatenate()(images)))
    return keras.Model(images, layers.Dense(1, "sigmoid")(pooled))


def of_two_output_tensors() -> Network:
    image = keras.Input((*SHAPE, 1))
    pooled = layers.GlobalAveragePooling2D()(conv(4, "c1")(image))
    return keras.Model(image, [layers.Dense(1, "sigmoid")(pooled), layers.Dense(2, "softmax")(pooled)])


def without_a_convolution() -> Network:
    image = keras.Input((*SHAPE, 1))
    return keras.Model(image, layers.Dense(1, "sigmoid")(layers.Flatten()(image)))


class TestRefused:
    @pytest.mark.parametrize(
        ("network", "message"),
        [
            (
                subclassed,
                "The model needs the Python class Unknown, which its file does not hold: build the same",
            ),
            (holding_a_lambda, r"The model holds a Lambda layer, which is Python code .* \(safe mode\)"),
            (
                of_two_inputs,
                r"One image input of shape .* was expected; the model takes \[.*a request holds one",
            ),
            (of_two_output_tensors, r"A classifier with one output of shape .* save the one to be served"),
        ],
    )
    def test_by_both_backends_is_what_neither_can_serve(
        self, network: Callable[[], Network], message: str
    ) -> None:
        file = saved(network())

        for use in (compile_model, KerasModel):
            with pytest.raises(ModelIntegrityError, match=message) as caught:
                use(file)
            assert len(caught.value.message.splitlines()) == 1

    @pytest.mark.parametrize("weights", [b"", b"text", b"PK\x03\x04" + bytes(50)])
    def test_is_a_corrupt_file(self, weights: bytes) -> None:
        with pytest.raises(ModelUnavailableError, match="it is damaged or of another kind"):
            compile_model(files_of(weights))

    def test_is_half_a_file(self) -> None:
        whole = file_of("flat").weights

        with pytest.raises(ModelUnavailableError, match="it is damaged or of another kind"):
            compile_model(files_of(whole[: len(whole) // 2]))

    def test_is_a_network_without_a_convolution_which_keras_serves_for_its_score(self) -> None:
        file = saved(without_a_convolution())

        with pytest.raises(TargetLayerError) as caught:
            compile_model(file)

        assert caught.value.message == (
            "The network has no layer with a spatial output that its score depends on. "
            "The .keras file itself can be served: for its score, without a map."
        )
        assert 0.0 < KerasModel(file).run(input_of()).probabilities[1] < 1.0

    def test_is_a_target_layer_that_is_not_there(self) -> None:
        with pytest.raises(TargetLayerError, match="has no layer named 'nowhere'") as caught:
            compile_model(file_of("flat"), target_layer="nowhere")

        assert "without a map" not in caught.value.message, "it is a slip of the pen, not a limit"

    def test_is_a_file_that_does_not_tell_its_size(self) -> None:
        image = keras.Input((None, None, 1))
        network = keras.Model(
            image, layers.Dense(1, "sigmoid")(layers.GlobalAveragePooling2D()(conv(4, "c1")(image)))
        )

        with pytest.raises(ConfigurationError, match="The model has no manifest, and its file does not tell"):
            compile_model(saved(network))

    @pytest.mark.parametrize(
        ("operation", "layer"),
        [
            ("Erf", [keras.ops.erf, layers.Flatten()]),
            (
                "MirrorPadGrad",
                [lambda x: keras.ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), "reflect"), layers.Flatten()],
            ),
            ("StridedSliceGrad", [lambda x: x[:, ::2], layers.Flatten()]),
            (
                "Cumprod",
                [layers.GlobalAveragePooling2D(), lambda x: keras.ops.prod(x + 1.0, 1, keepdims=True)],
            ),
        ],
    )
    def test_is_an_operation_without_a_kernel_which_is_named_and_keras_serves_it_with_its_map(
        self, operation: str, layer: list[Layer], capfd: pytest.CaptureFixture[str]
    ) -> None:
        file = saved(network_of(*layer))

        with pytest.raises(CompilationError) as caught:
            compile_model(file)

        expected = f"The model cannot be compiled: LiteRT has no kernel for {operation}.{SERVED}"
        assert caught.value.message == expected
        assert "error:" not in capfd.readouterr().err, "the converter's pages stay off the terminal"
        evidence = evidence_of(KerasModel(file).run(input_of()))
        assert np.abs(evidence.gradients).max() > 1e-6

    def test_is_what_the_converter_stumbles_over(self) -> None:
        rows, columns = SHAPE[0] // 2, SHAPE[1] // 2
        file = saved(network_of(layers.Reshape((rows, columns * 6)), layers.GRU(4)))

        with pytest.raises(CompilationError) as caught:
            compile_model(file)

        assert caught.value.message == (
            f"The model cannot be compiled: TensorFlow's converter cannot express it (ValueError).{SERVED}"
        )

    def test_is_a_model_whose_gradient_is_not_finite(self) -> None:
        """A standard deviation has none where all its inputs are equal, as in a dead channel."""
        network = network_of(lambda x: keras.ops.std(x, (1, 2)))
        first = network.get_layer("c1")
        first.set_weights([0.0 * weight for weight in first.get_weights()])

        with pytest.raises(CompilationError, match=r"cannot be compared: the map of gradcam is not finite"):
            compile_model(saved(network))


class TestDisagreement:
    @pytest.mark.parametrize("operation", ["MatMul", "MaxPool", "Relu"])
    def test_of_a_wrong_gradient_with_tensorflow_is_refused(
        self, operation: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        right = gradients.GRADIENTS[operation]

        def wrong(op: object, upstream: Tensor) -> object:
            result = right(op, upstream)
            return (1.1 * result[0], *result[1:]) if isinstance(result, tuple) else 1.1 * result

        monkeypatch.setitem(gradients.GRADIENTS, operation, wrong)
        network = network_of(layers.MaxPooling2D(), layers.Flatten(), layers.Dense(5, "relu"))

        with pytest.raises(CompilationError) as caught:
            compile_model(saved(network))

        assert caught.value.message.startswith(
            "Compiled and Keras model disagree: TensorFlow's own gradient by 0."
        )
        assert caught.value.message.endswith(f"at most 1e-04 is accepted. No bundle is written.{SERVED}")

    @pytest.mark.parametrize(
        ("tensor", "worst"),
        [
            ("gradients", "TensorFlow's own gradient|the map of"),
            ("activations", "activations"),
            ("logits", "logits"),
        ],
    )
    def test_of_a_wrong_number_with_keras_is_refused(
        self, tensor: str, worst: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As if a kernel or the converter were at fault: only the compiled graph gives it."""
        from mammo_core.models.litert import CompiledGraph

        right = CompiledGraph.run

        def wrong(self: CompiledGraph, image: FloatArray, selector: FloatArray) -> dict[str, FloatArray]:
            tensors = right(self, image, selector)
            tensors[tensor] *= np.float32(1.01)
            return tensors

        monkeypatch.setattr(CompiledGraph, "run", wrong)

        with pytest.raises(CompilationError, match=f"Compiled and Keras model disagree: ({worst}) by"):
            compile_model(file_of("flat"))

    @pytest.mark.parametrize("probe", range(4))
    def test_by_a_number_that_is_none_is_refused_whichever_input_gives_it(
        self, probe: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from mammo_core.models.litert import CompiledGraph

        right = CompiledGraph.run
        runs = 0

        def wrong(self: CompiledGraph, image: FloatArray, selector: FloatArray) -> dict[str, FloatArray]:
            nonlocal runs
            tensors = right(self, image, selector)
            if runs == probe:
                tensors["gradients"] *= np.float32(np.nan)
            runs += 1
            return tensors

        monkeypatch.setattr(CompiledGraph, "run", wrong)

        with pytest.raises(CompilationError, match="is not finite"):
            compile_model(file_of("flat"))

    def test_cannot_be_seen_by_an_empty_map_which_the_report_says(self) -> None:
        network = network_of(layers.Flatten())
        first = network.get_layer("c1")
        first.set_weights([0.0 * weight for weight in first.get_weights()])

        assert report_of(compile_model(saved(network))).maps == 0


class TestTheBundle:
    def test_explains_the_layer_that_was_asked_for(self) -> None:
        file = opened(compile_model(file_of("flat"), target_layer="c1"))
        declared = saved(built("flat").network, make_manifest(target_layer="c1"))

        ours, theirs = evidence_of(LiteRTModel(file).run(input_of())), KerasModel(declared).run(input_of())

        assert ours.target_layer == "c1"
        assert ours.activations.shape == (16, 12, 8)
        assert np.allclose(ours.gradients, evidence_of(theirs).gradients, rtol=1e-4, atol=1e-7)

    def test_keeps_what_the_manifest_declares(self) -> None:
        manifest = make_manifest(target_layer="c1").model_copy(
            update={"licence": "CC0", "demonstration": True, "intended_use": "tests"}
        )

        bundled = unpack(compile_model(saved(built("flat").network, manifest))).manifest

        assert bundled == manifest.model_copy(
            update={"compiled": bundled.compiled, "weights_sha256": bundled.weights_sha256}
        )

    def test_in_16_bits_is_half_as_large_and_says_how_far_it_agrees(self) -> None:
        file = saved(network_of(layers.GlobalAveragePooling2D(), layers.Dense(20_000, "relu")))
        whole, half = compile_model(file), compile_model(file, float16=True)

        assert len(half) < 0.6 * len(whole)
        compilation = unpack(half).manifest.compiled
        assert compilation is not None
        assert compilation.float16
        assert compilation.verification.tolerance == 5e-2
        assert compilation.verification.activation_tolerance == 5e-2
        assert 1e-7 < compilation.verification.probability_difference < 1e-3
        output = LiteRTModel(opened(half)).run(input_of())
        assert output.probabilities == pytest.approx(KerasModel(file).run(input_of()).probabilities, abs=1e-3)

    def test_in_16_bits_maps_still_add_up_to_the_score(self) -> None:
        """The factor 1 / 192 of the average is none of the numbers that 16 bits can hold."""
        chain = (layers.Conv2D(300, 3), layers.GlobalAveragePooling2D(), layers.Dense(1))
        bundle = compile_model(saved(network_of(*chain)), float16=True)

        report = report_of(bundle)
        assert report.completeness_residual is not None
        assert report.completeness_residual < 1e-5
        assert max(cam.largest_difference for cam in report.cams) < 1e-5
        assert report.activation_difference > 1e-6, "weights were rounded"

    def test_in_16_bits_leaves_what_16_bits_cannot_hold(self) -> None:
        network = network_of(
            layers.Conv2D(300, 3, name="large"), layers.GlobalAveragePooling2D(), layers.Dense(1)
        )
        kernel, bias = network.get_layer("large").get_weights()
        kernel[0, 0, 0, 0] = 70_000.0
        network.get_layer("large").set_weights([kernel, bias])

        whole, half = compile_model(saved(network)), compile_model(saved(network), float16=True)

        assert report_of(half).activation_difference == pytest.approx(
            report_of(whole).activation_difference, abs=1e-7
        )

    def test_in_16_bits_constants_lie_where_kernels_may_read_them(self) -> None:
        chain = (layers.Conv2D(300, 3), layers.GlobalAveragePooling2D(), layers.Dense(7), layers.Dense(1))
        graph = unpack(compile_model(saved(network_of(*chain)), float16=True)).graph

        whole = np.frombuffer(graph, np.uint8)
        model = schema.Model.GetRootAs(graph, 0)
        buffers = [model.Buffers(number) for number in range(model.BuffersLength())]
        places = [each.DataAsNumpy().ctypes.data - whole.ctypes.data for each in buffers if each.DataLength()]
        assert len(places) > 5
        assert {place % 16 for place in places} == {0}

    def test_in_16_bits_keeps_factors_that_fill_a_map(self) -> None:
        """One number over and over is a factor, and one that is too small would lose its digits."""
        wide = np.full(2000, 1.0 / 2816.0, np.float32), np.geomspace(1e-12, 1e-6, 2000, dtype=np.float32)
        large, few = np.full(2000, 7e4, np.float32), np.arange(500, dtype=np.float32)
        assert [_fits(each.view(np.uint8)) for each in (*wide, large, few)] == [False] * 4
        assert _fits(np.linspace(-2.0, 2.0, 2000, dtype=np.float32).view(np.uint8))

    def test_in_16_bits_shares_the_gradient_of_windows_of_zeros_too(self) -> None:
        """A constant that is too small for 16 bits became 0, and 0 / 0 no number."""
        chain = (layers.MaxPooling2D(), layers.Flatten(), layers.Dense(5, "relu"))
        bundle = compile_model(saved(network_of(*chain)), float16=True)

        evidence = evidence_of(LiteRTModel(opened(bundle)).run(input_of()))

        pooled = evidence.activations.reshape(8, 2, 6, 2, 6).max(axis=(1, 3))
        assert (pooled == 0.0).any(), "the fixture has windows of zeros"
        assert np.isfinite(evidence.gradients).all()
        assert report_of(bundle).maps == 4

    def test_holds_the_weights_of_a_large_layer_once(self) -> None:
        """Forward pass and gradient share them: 1152 × 400 numbers of 4 bytes."""
        file = saved(network_of(layers.Flatten(), layers.Dense(400, "relu")))

        bundle = compile_model(file)

        assert len(bundle) < 1152 * 400 * 4 + 30_000
        assert report_of(bundle).maps == 4

    def test_of_a_depthwise_layer_with_a_multiplier_explains_a_layer_before_it(self) -> None:
        network = network_of(
            layers.DepthwiseConv2D(3, depth_multiplier=2, strides=2, padding="same"), layers.Flatten()
        )
        file = saved(network, make_manifest(target_layer="c1"))

        ours, theirs = LiteRTModel(opened(compile_model(file))), KerasModel(file)

        model_input = input_of()
        expected = evidence_of(theirs.run(model_input)).gradients
        assert np.abs(expected).max() > 1e-4
        assert np.allclose(evidence_of(ours.run(model_input)).gradients, expected, rtol=1e-4, atol=1e-7)

    def test_names_the_file_that_it_was_made_of(self) -> None:
        file = file_of("flat")

        compilation = unpack(compile_model(file)).manifest.compiled

        assert compilation is not None
        assert compilation.source_sha256 == file.sha256
        assert compilation.made_with.startswith("TensorFlow 2.")
        assert (compilation.outputs, compilation.target_shape, compilation.float16) == (1, (16, 12, 6), False)
