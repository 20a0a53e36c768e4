"""The networks that are measured, and the files of each: ``python -m benchmarks.subjects NAME FOLDER``."""

import sys
from pathlib import Path
from typing import Any

from mammo_core.compiler.compile import compile_model
from mammo_core.compiler.conversion import converted
from mammo_core.compiler.network import open_network
from mammo_core.models.store import read_files
from tests.architectures import Build, published, small_cnn, vgg

MODEL, BUNDLE, PLAIN = "model.keras", "model.mammo", "plain.tflite"


def subjects() -> dict[str, Build]:
    """Networks at sizes at which they are used on mammograms, by name."""
    from keras import applications

    return {
        "small CNN, 224": lambda: small_cnn((32, 64, 128, 128), 512),
        "MobileNetV2, 512": published(applications.MobileNetV2, 512),
        "EfficientNetB0, 384": published(applications.EfficientNetB0, 384),
        "ResNet50, 384": published(applications.ResNet50, 384),
        "DenseNet121, 384": published(applications.DenseNet121, 384),
        "VGG16 and Flatten, 224": lambda: vgg(224, 256),
    }


def make(name: str, folder: Path) -> None:
    """Write the Keras file, its bundle, and a graph of the score alone."""
    import keras

    keras.utils.set_random_seed(1)
    network = subjects()[name]()
    # The usual recipe finds no gradient in a Sequential that was loaded from a file.
    keras.Model(network.inputs, network.outputs).save(folder / MODEL)
    files = read_files(folder / MODEL)
    (folder / BUNDLE).write_bytes(compile_model(files))
    (folder / PLAIN).write_bytes(converted(_forward(open_network(files)), float16=False))


def _forward(network: Any) -> Any:  # noqa: ANN401 - TensorFlow is untyped
    """What a service without explanations would run."""
    import tensorflow as tf

    function = tf.function(lambda image: network.keras(image, training=False), autograph=False)
    return function.get_concrete_function(tf.TensorSpec((1, *network.input_shape), tf.float32))


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]))
