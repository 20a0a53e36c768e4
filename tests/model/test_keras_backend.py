"""Any Keras classifier of one image gives its true logits and gradients, whatever shape it was built in."""

import io
import sys
from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from mammo_core.compiler import layers as layers_of
from mammo_core.compiler.network import open_network
from mammo_core.errors import (
    ConfigurationError,
    InferenceError,
    MammoError,
    ModelIntegrityError,
    ModelUnavailableError,
)
from mammo_core.explain.saliency import completeness_residual, explain
from mammo_core.models.keras import KerasModel
from mammo_core.models.manifest import Head, Manifest, OperatingPoint, Scaling
from mammo_core.models.protocol import Model, ModelIdentity
from mammo_core.records import CamMethod, Evidence, MapStatus, ModelOutput
from tests.backends import evidence_of, file_of, input_for, input_of, loaded, selector_of
from tests.conftest import make_manifest
from tests.networks import (
    BUILDERS,
    SHAPE,
    Layer,
    Network,
    Tensor,
    built,
    case,
    conv,
    files_of,
    fresh,
    saved,
)

pytestmark = pytest.mark.tf

CASES = pytest.mark.parametrize("name", BUILDERS)


class TestTrueNumbers:
    @CASES
    def test_of_a_model_are_those_of_an_independent_gradient_tape(self, name: str) -> None:
        case_, model_input = built(name), input_for(name)
        activations = case_.activations(model_input.tensor)
        with tf.GradientTape() as tape:
            tape.watch(activations)
            logits = case_.logits(activations)
            score = tf.reduce_sum(logits * selector_of(case_, logits.shape[0]))
        gradients = tape.gradient(score, activations)

        output = loaded(name).run(model_input)
        evidence = evidence_of(output)

        assert float(tf.reduce_max(tf.abs(gradients))) > 1e-5, "the fixture has gradients"
        assert evidence.target_layer == case_.target
        assert output.logits == pytest.approx(tuple(logits.numpy()), rel=1e-4, abs=1e-5)
        assert evidence.score == pytest.approx(float(score), rel=1e-4, abs=1e-5)
        assert evidence.activations.dtype == evidence.gradients.dtype == np.float32
        assert np.allclose(evidence.activations, activations[0], rtol=1e-4, atol=1e-5)
        assert np.allclose(evidence.gradients, gradients[0], rtol=1e-4, atol=1e-7)

    @CASES
    def test_of_a_model_give_the_network_s_own_probabilities(self, name: str) -> None:
        case_, model_input = built(name), input_for(name)
        own = case_.network(model_input.tensor, training=False).numpy()[0]

        output = loaded(name).run(model_input)

        if case_.head is Head.LINEAR:
            own = 1 / (1 + np.exp(-own)) if own.size == 1 else np.exp(own) / np.exp(own).sum()
        expected = (1 - own[0], own[0]) if own.size == 1 else tuple(own)
        assert output.probabilities == pytest.approx(expected, abs=1e-5)
        assert 0.001 < output.probabilities[-1] < 0.999, "the fixture is not saturated"

    @CASES
    def test_of_a_model_account_for_its_score(self, name: str) -> None:
        evidence = evidence_of(loaded(name).run(input_for(name)))
        residual = completeness_residual(evidence)
        wrong = Evidence(
            evidence.target_layer,
            evidence.activations.copy(),
            evidence.gradients * np.float32(1.1),
            evidence.score,
            evidence.bias_evidence,
        )

        explained = float((evidence.activations * evidence.gradients).sum())
        assert abs(evidence.bias_evidence) > 1e-3, "the fixture has biases"
        assert abs(explained) > 1e-3, "the fixture has evidence"
        assert residual is not None
        assert residual <= 1e-5
        assert completeness_residual(wrong) == pytest.approx(
            0.1 * abs(explained) / max(1.0, abs(evidence.score)), rel=0.01
        )

    @CASES
    def test_of_a_model_are_the_same_bits_every_time(self, name: str) -> None:
        runs = [loaded(name).run(input_for(name)) for _ in range(2)]
        runs.append(KerasModel(file_of(name)).run(input_for(name)))

        first, *others = runs
        for other in others:
            assert other.logits == first.logits
            assert other.probabilities == first.probabilities
            assert np.array_equal(evidence_of(other).activations, evidence_of(first).activations)
            assert np.array_equal(evidence_of(other).gradients, evidence_of(first).gradients)
            assert evidence_of(other).bias_evidence == evidence_of(first).bias_evidence

    @CASES
    def test_of_a_model_make_a_map(self, name: str) -> None:
        model_input = input_for(name)

        saliency = explain(evidence_of(loaded(name).run(model_input)), model_input, CamMethod.HIRESCAM)

        assert saliency.status in {MapStatus.OK, MapStatus.NO_POSITIVE_EVIDENCE}
        assert np.abs(saliency.cells).max() > 0.0

    @pytest.mark.parametrize("bias", [50.0, -50.0, 17.0])
    def test_of_a_sure_model_are_still_its_logit_and_its_gradient(self, bias: float) -> None:
        case_ = fresh("flat")
        head = case_.network.layers[-1]
        head.bias.assign([bias])
        tensor = tf.constant(input_of().tensor)
        with tf.GradientTape() as tape:
            tape.watch(tensor)
            probability = case_.network(tensor)
        through_the_sigmoid = tape.gradient(probability, tensor)

        output = KerasModel(saved(case_.network)).run(input_of())
        expected = float(case_.logits(case_.activations(input_of().tensor))[0])

        if bias > 0:
            assert float(tf.reduce_max(tf.abs(through_the_sigmoid))) == 0.0, "the sigmoid has no gradient"
        assert expected == pytest.approx(bias, abs=5.0)
        assert output.logits == pytest.approx((expected,), rel=1e-6)
        assert np.abs(evidence_of(output).gradients).max() > 1e-4
        assert completeness_residual(evidence_of(output)) == pytest.approx(0.0, abs=1e-5)
        assert output.probabilities[1] == pytest.approx(1 / (1 + np.exp(-expected)), rel=1e-9, abs=1e-30)


class TestTheNetwork:
    @CASES
    def test_is_left_as_it_was_after_the_trace(self, name: str) -> None:
        opened = open_network(file_of(name))
        opened.trace()
        network = opened.keras
        reloaded_head = layers_of.head_layer(network)

        for layer in layers_of.leaves(network):
            assert "call" not in vars(layer)
        assert layers_of.head_activation(reloaded_head) is built(name).head
        tensor = input_for(name).tensor
        own = built(name).network(tensor, training=False).numpy()
        assert np.allclose(network(tensor, training=False).numpy(), own, atol=1e-6)

    def test_is_left_as_it_was_also_if_the_trace_breaks(self) -> None:
        network = fresh("flat").network
        head = layers_of.head_layer(network)
        activation = head.activation

        with (
            pytest.raises(RuntimeError, match="in the middle"),
            layers_of.recording(layers_of.leaves(network)),
            layers_of.linear_head(head),
        ):
            assert "call" in vars(network.layers[1])
            assert head.activation is not activation
            raise RuntimeError("in the middle")

        assert all("call" not in vars(layer) for layer in network.layers)
        assert head.activation is activation

    def test_of_an_hdf5_file_is_served_too(self) -> None:
        model = KerasModel(saved(built("flat").network, suffix=".h5"))

        assert model.run(input_of()).logits == loaded("flat").run(input_of()).logits

    def test_satisfies_the_protocol(self) -> None:
        files = saved(built("flat").network)

        model: Model = KerasModel(files)

        assert model.identity == ModelIdentity(files.sha256, None, "keras")
        assert model.manifest.target_layer == "c2"
        assert isinstance(model.run(input_of()), ModelOutput)


class TestWithoutAManifest:
    @CASES
    def test_documented_rules_apply(self, name: str) -> None:
        case_, manifest = built(name), loaded(name).manifest
        outputs = case_.network.output_shape[1]

        assert manifest.absent
        assert (manifest.input.rows, manifest.input.columns, manifest.input.channels) == (
            *SHAPE,
            case_.channels,
        )
        assert manifest.head is case_.head
        assert manifest.classes == (
            ("negative", "positive") if outputs <= 2 else ("class_0", "class_1", "positive")
        )
        assert manifest.positive == "positive"
        assert manifest.threshold == OperatingPoint(threshold=0.5, source="default")

    @pytest.mark.parametrize(
        ("first", "scaling"),
        [
            (lambda: layers.Rescaling(1 / 255), Scaling.BYTE),
            (lambda: layers.Normalization(mean=100.0, variance=50.0), Scaling.BYTE),
            (lambda: keras.Sequential([layers.RandomFlip(), layers.Rescaling(1 / 255)]), Scaling.BYTE),
            (lambda: layers.Conv2D(1, 1), Scaling.UNIT),
            (lambda: keras.Sequential([layers.Conv2D(1, 1), layers.Rescaling(1 / 255)]), Scaling.UNIT),
        ],
        ids=["Rescaling", "Normalization", "after augmentation", "none", "after a convolution"],
    )
    def test_a_network_that_rescales_gets_bytes(self, first: Callable[[], Layer], scaling: Scaling) -> None:
        case_ = case(
            [first(), conv(4, "c1")],
            [layers.GlobalAveragePooling2D(), layers.Dense(1, "sigmoid")],
            Head.SIGMOID,
            "c1",
        )

        assert KerasModel(saved(case_.network)).manifest.input.scaling is scaling

    def test_a_network_that_rescales_inside_gets_bytes(self) -> None:
        assert loaded("nested_twice").manifest.input.scaling is Scaling.BYTE

    @pytest.mark.parametrize(
        ("inputs", "last"),
        [
            ((None, None, 1), layers.Dense(1, "sigmoid")),
            ((32, 24, 2), layers.Dense(1, "sigmoid")),
            ((32, 24, 1), layers.Dense(1, "tanh")),
            ((32, 24, 1), layers.Dense(1, "hard_sigmoid")),
        ],
        ids=["any size", "two channels", "tanh", "hard sigmoid"],
    )
    def test_what_the_file_does_not_tell_must_be_declared(
        self, inputs: tuple[int | None, ...], last: Layer
    ) -> None:
        image = keras.Input(inputs)
        network = keras.Model(image, last(layers.GlobalAveragePooling2D()(conv(4, "c1")(image))))

        with pytest.raises(ConfigurationError, match="The model has no manifest, and its file does not tell"):
            KerasModel(saved(network))

    def test_outputs_that_may_be_probabilities_are_not_read_as_logits(self) -> None:
        """The mean of a map of sigmoids is no logit, and its layer does not say what it averages."""
        image = keras.Input((*SHAPE, 1))
        network = keras.Model(
            image, layers.GlobalAveragePooling2D()(layers.Conv2D(1, 3, activation="sigmoid")(image))
        )

        with pytest.raises(ConfigurationError, match="head None"):
            KerasModel(saved(network))


class TestWithAManifest:
    def test_its_words_are_the_answer_s(self) -> None:
        manifest = make_manifest(target_layer="c1")

        model = KerasModel(saved(built("flat").network, manifest))
        output = model.run(input_of())

        assert model.manifest == manifest
        assert output.probabilities == loaded("flat").run(input_of()).probabilities
        assert evidence_of(output).target_layer == "c1"
        assert evidence_of(output).activations.shape == (16, 12, 8)

    def test_the_positive_class_of_one_output_must_stand_second(self) -> None:
        manifest = make_manifest(classes=("malignant", "benign")).model_copy(update={"positive": "malignant"})

        with pytest.raises(ModelIntegrityError, match="gives the score of the second class"):
            KerasModel(saved(built("flat").network, manifest))

    def test_the_positive_class_of_a_softmax_may_stand_first(self) -> None:
        manifest = make_manifest(head=Head.SOFTMAX).model_copy(update={"positive": "benign"})

        output = KerasModel(saved(built("sequential").network, manifest)).run(input_of())

        assert output.logits is not None
        assert evidence_of(output).score == pytest.approx(output.logits[0] - output.logits[1], abs=1e-6)

    def test_a_network_of_any_size_runs_at_the_declared_one(self) -> None:
        image = keras.Input((None, None, 3))
        network = keras.Model(
            image,
            layers.Dense(1, "sigmoid")(layers.GlobalAveragePooling2D()(conv(4, "c1", strides=2)(image))),
        )

        model = KerasModel(saved(network, make_manifest(rows=40, columns=64, channels=3)))

        assert evidence_of(model.run(input_of(3, (40, 64)))).activations.shape == (20, 32, 4)

    def test_a_declared_linear_head_is_believed_where_the_last_layer_does_not_tell(self) -> None:
        image = keras.Input((*SHAPE, 1))
        maps = layers.Conv2D(1, 3, name="evidence")(conv(4, "c1")(image))
        network = keras.Model(image, layers.GlobalAveragePooling2D()(maps))
        own = float(network(input_of().tensor)[0, 0])

        output = KerasModel(saved(network, make_manifest(head=Head.LINEAR))).run(input_of())

        assert output.logits == pytest.approx((own,), rel=1e-5, abs=1e-6)
        assert output.probabilities[1] == pytest.approx(1 / (1 + np.exp(-own)), abs=1e-6)
        assert evidence_of(output).target_layer == "evidence"

    @pytest.mark.parametrize(
        ("name", "manifest", "message"),
        [
            ("flat", make_manifest(rows=40), r"declares the input \(40, 24, 1\), the model takes"),
            ("flat", make_manifest(channels=3), r"declares the input \(32, 24, 3\)"),
            ("flat", make_manifest(classes=("a", "b", "c")), "names 3 classes, the model has 1 outputs"),
            ("nested", make_manifest(head=Head.SOFTMAX), "names 2 classes, the model has 3 outputs"),
            ("flat", make_manifest(head=Head.SOFTMAX), "declares a softmax head, the model's is sigmoid"),
            ("flat", make_manifest(head=Head.LINEAR), "declares a linear head, the model's is sigmoid"),
            ("linear", make_manifest(head=Head.SIGMOID), "declares a sigmoid head, the model's is linear"),
        ],
    )
    def test_a_network_that_is_not_what_it_declares_is_refused(
        self, name: str, manifest: Manifest, message: str
    ) -> None:
        with pytest.raises(ModelIntegrityError, match=message):
            KerasModel(saved(built(name).network, manifest))

    def test_a_declared_activation_that_cannot_be_taken_off_is_refused(self) -> None:
        image = keras.Input((*SHAPE, 1))
        network = keras.Model(
            image, layers.GlobalAveragePooling2D()(layers.Conv2D(1, 3, activation="sigmoid")(image))
        )

        with pytest.raises(
            ModelIntegrityError, match="declares a sigmoid head, the model's is not recognised"
        ):
            KerasModel(saved(network, make_manifest()))

    def test_a_size_at_which_the_network_cannot_run_is_refused(self) -> None:
        image = keras.Input((None, None, 1))
        deep = layers.Conv2D(3, 15, name="wide")(image)
        network = keras.Model(image, layers.Dense(1, "sigmoid")(layers.GlobalAveragePooling2D()(deep)))

        with pytest.raises(ModelIntegrityError, match=r"cannot be run on an input of \(8, 8, 1\)"):
            KerasModel(saved(network, make_manifest(rows=8, columns=8)))


class TestWithoutATargetLayer:
    @pytest.mark.parametrize(
        ("target", "reason"),
        [
            (
                "nowhere",
                "The network has no layer named 'nowhere', which was to be explained. "
                "With rows and columns, nearest to the score first: c1.",
            ),
            (
                "scores",
                "The layer 'scores' cannot be explained: its output has no rows and columns, or the score "
                "does not depend on it. With rows and columns, nearest to the score first: c1.",
            ),
        ],
    )
    def test_the_score_is_given_and_the_reason(self, target: str, reason: str) -> None:
        image = keras.Input((*SHAPE, 1))
        network = keras.Model(
            image,
            layers.Dense(1, "sigmoid", name="scores")(layers.GlobalAveragePooling2D()(conv(4, "c1")(image))),
        )

        output = KerasModel(saved(network, make_manifest(target_layer=target))).run(input_of())

        assert (output.evidence, output.unavailable) == (None, reason)
        assert output.probabilities[1] == pytest.approx(float(network(input_of().tensor)[0, 0]), abs=1e-6)

    def test_a_network_without_maps_still_gives_its_score(self) -> None:
        image = keras.Input((*SHAPE, 1))
        network = keras.Model(image, layers.Dense(1, "sigmoid")(layers.Flatten()(image)))

        model = KerasModel(saved(network))
        output = model.run(input_of())

        assert output.evidence is None
        assert (
            output.unavailable == "The network has no layer with a spatial output that its score depends on."
        )
        assert model.manifest.target_layer is None
        assert output.probabilities[1] == pytest.approx(float(network(input_of().tensor)[0, 0]), abs=1e-6)

    def test_an_operation_without_a_gradient_costs_the_map_and_not_the_score(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def none_registered(*_args: object, **_kwargs: object) -> None:
            raise LookupError("No gradient defined for operation")

        monkeypatch.setattr(tf, "gradients", none_registered)

        output = KerasModel(saved(built("flat").network)).run(input_of())

        assert output.evidence is None
        assert output.unavailable == "The network holds an operation that has no gradient."
        assert output.logits == pytest.approx(loaded("flat").run(input_of()).logits, abs=1e-6)

    def test_a_pooled_copy_is_passed_over_for_the_finer_layer(self) -> None:
        image = keras.Input((*SHAPE, 1))
        pooled = layers.MaxPooling2D(name="pooled")(conv(4, "fine")(image))
        network = keras.Model(image, layers.Dense(1, "sigmoid")(layers.Flatten()(pooled)))

        assert evidence_of(KerasModel(saved(network)).run(input_of())).target_layer == "fine"

    def test_a_layer_that_the_score_does_not_depend_on_is_passed_over(self) -> None:
        image = keras.Input((*SHAPE, 1))
        used = conv(4, "used")(image)
        stopped = layers.GlobalAveragePooling2D()(conv(3, "stopped")(keras.ops.stop_gradient(used)))
        values = layers.GlobalAveragePooling2D()(used)
        dead = layers.Dense(4, kernel_initializer="zeros")(keras.ops.stop_gradient(stopped))
        network = keras.Model(image, layers.Dense(1, "sigmoid")(values + dead))

        assert evidence_of(KerasModel(saved(network)).run(input_of())).target_layer == "used"


@keras.saving.register_keras_serializable("tests")
class Registered(layers.Layer):  # type: ignore[misc]  # Keras is untyped
    """Known only to this process, and forgotten by the test that needs it unknown."""

    def call(self, inputs: Tensor) -> Tensor:
        return inputs


def two_inputs() -> Network:
    images = [keras.Input((*SHAPE, 1)) for _ in range(2)]
    both = layers.GlobalAveragePooling2D()(layers.Concatenate()(images))
    return keras.Model(images, layers.Dense(1, "sigmoid")(both))


def two_outputs() -> Network:
    image = keras.Input((*SHAPE, 1))
    pooled = layers.GlobalAveragePooling2D()(conv(4, "c1")(image))
    return keras.Model(image, [layers.Dense(1, "sigmoid")(pooled), layers.Dense(1, "sigmoid")(pooled)])


def map_of_outputs() -> Network:
    image = keras.Input((*SHAPE, 1))
    return keras.Model(image, layers.Conv2D(1, 3, activation="sigmoid")(image))


def vector_input() -> Network:
    values = keras.Input((7,))
    return keras.Model(values, layers.Dense(1, "sigmoid")(values))


def softmax_of_one() -> Network:
    image = keras.Input((*SHAPE, 1))
    return keras.Model(image, layers.Dense(1, "softmax")(layers.Flatten()(image)))


def shared_last_layer() -> Network:
    image = keras.Input((*SHAPE, 1))
    twice = layers.Activation("sigmoid")
    gates = twice(conv(4, "c1")(image))
    return keras.Model(image, twice(layers.Dense(1)(layers.GlobalAveragePooling2D()(gates))))


class TestRefused:
    @pytest.mark.parametrize(
        ("network", "message"),
        [
            (two_inputs, "One image input of shape"),
            (two_outputs, "A classifier with one output of shape"),
            (map_of_outputs, "A classifier with one output of shape"),
            (vector_input, "One image input of shape"),
            (softmax_of_one, "A softmax of one output is always 1"),
            (shared_last_layer, "The last layer of the model is used 2 times"),
        ],
    )
    @pytest.mark.parametrize("declared", [False, True])
    def test_is_a_network_that_is_no_classifier_of_one_image(
        self, network: Callable[[], Network], message: str, *, declared: bool
    ) -> None:
        head = Head.SOFTMAX if network is softmax_of_one else Head.SIGMOID
        files = saved(network(), make_manifest(head=head) if declared else None)

        with pytest.raises(ModelIntegrityError, match=message):
            KerasModel(files)

    def test_is_a_file_that_is_no_model(self) -> None:
        whole = saved(built("flat").network).weights
        hdf5 = saved(built("flat").network, suffix=".h5").weights

        for weights in (b"", b"text", whole[: len(whole) // 2], b"PK\x03\x04" + bytes(50), hdf5):
            with pytest.raises(ModelUnavailableError, match=r"Keras cannot load the \.keras file"):
                KerasModel(files_of(weights))
        for weights in (b"", whole, hdf5[:1000]):
            with pytest.raises(ModelUnavailableError, match=r"Keras cannot load the \.h5 file"):
                KerasModel(files_of(weights, suffix=".h5"))

    def test_is_a_file_that_holds_code(self) -> None:
        image = keras.Input((*SHAPE, 1))
        network = keras.Model(
            image, layers.Dense(1, "sigmoid")(layers.Flatten()(layers.Lambda(lambda x: x * 2)(image)))
        )

        with pytest.raises(ModelIntegrityError, match="holds a Lambda layer, which is Python code"):
            KerasModel(saved(network))
        with pytest.raises(ModelIntegrityError, match="holds a Lambda layer, which is Python code"):
            KerasModel(saved(network, suffix=".h5"))

    def test_is_a_file_with_an_unknown_class(self) -> None:
        image = keras.Input((*SHAPE, 1))
        files = saved(keras.Model(image, layers.Dense(1, "sigmoid")(layers.Flatten()(Registered()(image)))))
        renamed = io.BytesIO()
        import zipfile

        with zipfile.ZipFile(io.BytesIO(files.weights)) as old, zipfile.ZipFile(renamed, "w") as new:
            for entry in old.namelist():
                content = old.read(entry)
                if entry == "config.json":
                    assert b"Registered" in content
                    content = content.replace(b"Registered", b"Elsewhere").replace(
                        __name__.encode(), b"no.where"
                    )
                new.writestr(entry, content)

        with pytest.raises(ModelIntegrityError, match="needs the Python class Elsewhere, which its file"):
            KerasModel(files_of(renamed.getvalue()))

    def test_is_everything_without_tensorflow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        files = saved(built("flat").network)
        monkeypatch.setitem(sys.modules, "keras", None)

        with pytest.raises(ConfigurationError, match=r"the extra mammo-core\[keras\]"):
            KerasModel(files)


class TestNoScore:
    def test_from_weights_that_are_no_numbers(self) -> None:
        case_ = fresh("flat")
        case_.network.layers[-1].bias.assign([np.nan])

        with pytest.raises(InferenceError, match="not a finite number"):
            KerasModel(saved(case_.network)).run(input_of())

    def test_from_a_machine_without_memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def exhausted(_image: Tensor, _selector: Tensor) -> None:
            raise tf.errors.ResourceExhaustedError(None, None, "/secret")

        model = KerasModel(saved(built("flat").network))
        monkeypatch.setattr(model, "_function", exhausted)

        with pytest.raises(InferenceError) as caught:
            model.run(input_of())

        assert caught.value.message == "TensorFlow could not run the model (ResourceExhaustedError)."


def test_every_refusal_is_an_error_of_ours_that_names_no_path() -> None:
    with pytest.raises(MammoError) as caught:
        KerasModel(files_of(b"text"))

    assert "/tmp" not in caught.value.message
