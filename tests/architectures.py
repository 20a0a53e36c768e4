"""Published architectures with random weights, and BatchNorm statistics that fit their activations."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import applications, layers

# The general constructors behind keras.applications: the same code with fewer layers.
from keras.src.applications import convnext, densenet, efficientnet, resnet

from mammo_core.models.manifest import InputSpec, Scaling
from mammo_core.phantom.prepared import prepared
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import FloatArray

Network = Any
Tensor = Any
Build = Callable[[], Network]


def with_statistics(network: Network) -> Network:
    """Give BatchNorm layers the mean and the variance of what they see, as training leaves them."""
    random = np.random.default_rng(0)
    for weight in network.weights:
        if weight.name in {"bias", "beta"}:
            weight.assign(random.normal(scale=0.1, size=weight.shape))
        elif weight.name == "gamma" and weight.shape[-1] > 1:
            weight.assign(random.uniform(0.7, 1.3, size=weight.shape))
    parts = list(network._flatten_layers())
    norms = [layer for layer in parts if isinstance(layer, layers.BatchNormalization)]
    white = 255.0 if any(isinstance(layer, layers.Rescaling) for layer in parts) else 1.0
    for layer in norms:
        layer.momentum = 0.0
    if norms:
        network(np.float32(white) * views(*network.input_shape[1:]), training=True)
    for layer in norms:
        layer.momentum = 0.99
    return network


def views(rows: int, columns: int, channels: int) -> FloatArray:
    """What the network is going to see: phantoms and noise, 0 to 1."""
    spec = InputSpec(rows=rows, columns=columns, channels=3 if channels == 3 else 1, scaling=Scaling.UNIT)
    phantoms = [prepared(make_phantom(seed=seed, shape=(320, 260)), spec).tensor for seed in range(3)]
    noise = np.random.default_rng(1).random((1, rows, columns, channels), dtype=np.float32)
    return np.concatenate([*phantoms, noise])


def averaged(base: Network) -> Network:
    """A classifier by global average pooling."""
    return headed(base, layers.GlobalAveragePooling2D())


def headed(base: Network, *head: Any) -> Network:  # noqa: ANN401 - Keras is untyped
    values = base.output
    for layer in head:
        values = layer(values)
    return with_statistics(keras.Model(base.input, layers.Dense(1, "sigmoid", name="head")(values)))


def published(build: Callable[..., Network], size: int, **options: object) -> Build:
    return lambda: averaged(build(input_shape=(size, size, 3), include_top=False, weights=None, **options))


def small_cnn(filters: tuple[int, ...], units: int) -> Network:
    """Conv, MaxPool, Flatten, Dense at 224 pixels: what tutorials build."""
    chain: list[Any] = [keras.Input((224, 224, 3))]
    for count in filters:
        chain += [layers.Conv2D(count, 3, activation="relu"), layers.MaxPooling2D()]
    chain += [layers.Flatten(), layers.Dense(units, "relu"), layers.Dropout(0.5), layers.Dense(1, "sigmoid")]
    return with_statistics(keras.Sequential(chain))


def vgg(size: int, units: int) -> Network:
    base = applications.VGG16(input_shape=(size, size, 3), include_top=False, weights=None)
    return headed(base, layers.Flatten(), layers.Dense(units, "relu"))


def separable() -> Network:
    """The middle of Xception: separable convolutions beside a shortcut."""
    image = keras.Input((48, 48, 3))
    values = layers.Conv2D(16, 3, strides=2, use_bias=False)(image)
    for count in (24, 32):
        shortcut = layers.Conv2D(count, 1, strides=2, padding="same", use_bias=False)(values)
        for _ in range(2):
            values = layers.SeparableConv2D(count, 3, padding="same", use_bias=False)(values)
            values = layers.Activation("relu")(layers.BatchNormalization()(values))
        values = layers.add([layers.MaxPooling2D(3, strides=2, padding="same")(values), shortcut])
    return averaged(keras.Model(image, layers.Activation("relu")(values)))


def of_attention(kind: str) -> Network:
    """Cells weighed by attention, or seen by each other, before they are averaged."""
    image = keras.Input((48, 48, 1))
    values = layers.Conv2D(12, 3, strides=2, activation="relu")(image)
    values = layers.Conv2D(16, 3, strides=2, activation="relu")(values)
    cells = layers.Reshape((-1, 16))(values)
    if kind == "pooling":
        weights = layers.Softmax(axis=1)(layers.Dense(1)(layers.Dense(8, "tanh")(cells)))
        pooled = keras.ops.sum(cells * weights, axis=1)
    else:
        mixed = layers.MultiHeadAttention(2, 8)(cells, cells)
        pooled = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(cells + mixed))
    return headed(keras.Model(image, pooled))


def squeezed() -> Network:
    """Squeeze and excite, 1×1 convolutions with smooth activations, two kinds of pooling side by side."""
    image = keras.Input((48, 48, 1))
    values = layers.Conv2D(16, 3, strides=2, activation="relu")(image)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(values)
    gate = layers.Dense(16, "sigmoid")(layers.Dense(4, "swish")(gate))
    values = layers.Multiply()([values, gate])
    for activation in ("gelu", keras.activations.hard_silu, "relu6", "leaky_relu", "elu"):
        values = layers.Conv2D(12, 1, activation=activation)(values)
    pooled = [layers.GlobalAveragePooling2D()(values), layers.GlobalMaxPooling2D()(values)]
    smooth = [layers.Dense(8, activation) for activation in ("mish", "softplus", "selu", "softsign")]
    return headed(keras.Model(image, layers.Concatenate()(pooled)), *smooth)


def pooled_with_overlap() -> Network:
    """Windows that overlap and reach over the edge, after the layer to explain."""
    image = keras.Input((48, 48, 1))
    values = layers.Conv2D(8, 3, activation="relu")(image)
    values = layers.MaxPooling2D(3, strides=2, padding="same")(values)
    values = layers.AveragePooling2D(3, strides=2, padding="same")(values)
    return headed(keras.Model(image, values), layers.Flatten(), layers.Dense(6, "relu"))


def shallow_resnet() -> Network:
    def stacks(values: Tensor) -> Tensor:
        values = resnet.stack_residual_blocks_v1(values, 16, 2, stride1=1, name="conv2")
        return resnet.stack_residual_blocks_v1(values, 24, 2, name="conv3")

    build = published(
        resnet.ResNet, 64, stack_fn=stacks, preact=False, use_bias=True, name="r", weights_name="r"
    )
    return build()


ONE_PER_FAMILY: dict[str, Build] = {
    "small CNN at 224 pixels": lambda: small_cnn((8, 16, 32, 32), 32),
    "MobileNetV2, narrow": published(applications.MobileNetV2, 64, alpha=0.35),
    "MobileNetV3Small": published(applications.MobileNetV3Small, 64, alpha=0.75),
    "EfficientNet, narrow and shallow": published(
        efficientnet.EfficientNet,
        96,
        width_coefficient=0.25,
        depth_coefficient=0.25,
        default_size=96,
        name="e",
        weights_name="e",
    ),
    "ResNet, shallow": shallow_resnet,
    "DenseNet, shallow": published(densenet.DenseNet, 96, blocks=[1, 2, 1, 1], name="d"),
    "VGG16 and Flatten": lambda: vgg(64, 64),
    "ConvNeXt, narrow and shallow": published(
        convnext.ConvNeXt,
        96,
        depths=[1, 1, 1, 1],
        projection_dims=[8, 12, 16, 24],
        name="c",
        weights_name="c",
    ),
    "separable convolutions": separable,
    "attention pooling": lambda: of_attention("pooling"),
    "multi-head attention": lambda: of_attention("between cells"),
    "squeeze and excite, many activations": squeezed,
    "overlapping pooling": pooled_with_overlap,
}
"""For each change."""
WHOLE: dict[str, Build] = {
    "small CNN at 224 pixels, wide": lambda: small_cnn((32, 64, 128, 128), 512),
    "MobileNetV2": published(applications.MobileNetV2, 224),
    "MobileNetV3Large": published(applications.MobileNetV3Large, 224),
    "EfficientNetB0": published(applications.EfficientNetB0, 224),
    "EfficientNetV2B0": published(applications.EfficientNetV2B0, 224),
    "ResNet50": published(applications.ResNet50, 224),
    "ResNet50V2": published(applications.ResNet50V2, 224),
    "DenseNet121": published(applications.DenseNet121, 224),
    "VGG16 and Flatten, wide": lambda: vgg(224, 256),
    "ConvNeXtTiny": published(applications.ConvNeXtTiny, 96),
    "Xception": published(applications.Xception, 128),
    "InceptionV3": published(applications.InceptionV3, 160),
}
"""Before a release: minutes, and gigabytes of memory."""
