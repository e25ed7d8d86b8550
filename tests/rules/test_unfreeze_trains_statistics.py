"""BN255: pretrained models that are unfrozen together with their statistics."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard

IMPORTS = """
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

"""

HEAD = """
inputs = keras.Input((96, 96, 3))
model = keras.Model(inputs, layers.Dense(1)(base(inputs)))
model.compile("adam", "mse")
model.fit(dataset)
"""

SAYS = ("wakes batch normalisation too", "10 steps take its statistics 10% of the way")
FIX = "unsafe: keep the batch normalisation layers of base as they are"
KIND = "warning medium"

HAZARDS = [
    hazard(
        "the whole model",
        'base = keras.applications.Xception(weights="imagenet", include_top=False)\n'
        "base.trainable = False\n" + HEAD + "«base.trainable» = True\n"
        'model.compile("adam", "mse")\nmodel.fit(dataset)\n',
        "base.trainable = True wakes",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "in a sequence",
        """
        base = tf.keras.applications.MobileNetV2(include_top=False)
        base.trainable = False
        model = keras.Sequential([base, layers.Flatten(), layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(dataset)
        «base.trainable» = True
        model.compile("adam", "mse")
        model.fit(dataset)
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "its last layers, in a loop",
        """
        base = tf.keras.applications.ResNet50(include_top=False)
        for layer in base.layers:
            layer.trainable = False
        model = keras.Model(base.input, layers.Dense(1)(base.output))
        model.compile("adam", "mse")
        model.fit(dataset)
        for layer in base.layers[-30:]:
            «layer.trainable» = True
        model.compile("adam", "mse")
        model.fit(dataset)
        """,
        "layer.trainable = True wakes",
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
    hazard(
        "through a model that shares its layers",
        """
        base = tf.keras.applications.ResNet50(include_top=False, pooling="avg")
        model = keras.Model(inputs=base.input, outputs=layers.Dense(5)(base.output))
        for layer in base.layers:
            layer.trainable = False
        model.compile("adam", "mse")
        model.fit(dataset)
        for layer in model.layers[100:]:
            «layer.trainable» = True
        model.compile("adam", "mse")
        model.fit(dataset)
        """,
        "layer.trainable = True wakes",
        *SAYS,
        kind=KIND,
        fix="unsafe: keep the batch normalisation layers of base as they are",
    ),
    hazard(
        "a graph of several lines, frozen and unfrozen as one",
        """
        base = tf.keras.applications.ResNet50(include_top=False)
        x = base.output
        x = layers.GlobalAveragePooling2D()(x)
        predictions = layers.Dense(200, activation="softmax")(x)
        model = keras.Model(inputs=base.input, outputs=predictions)
        for layer in model.layers[:-2]:
            layer.trainable = False
        model.fit(dataset)
        for layer in model.layers:
            «layer.trainable» = True
        model.fit(dataset)
        """,
        "layer.trainable = True wakes",
        *SAYS,
        kind=KIND,
        fix="unsafe: keep the batch normalisation layers of base as they are",
    ),
    hazard(
        "the layers of a sequence around it, of which it is one",
        """
        base = tf.keras.applications.ResNet50(include_top=False)
        base.trainable = False
        model = keras.Sequential([base, layers.Dense(1)])
        model.fit(dataset)
        for layer in model.layers:
            «layer.trainable» = True
        model.fit(dataset)
        """,
        "layer.trainable = True wakes",
        *SAYS,
        kind=KIND,
        fix="unsafe: keep the batch normalisation layers of base as they are",
    ),
    hazard(
        "all of it, and its first layers frozen again",
        """
        base = tf.keras.applications.DenseNet121(include_top=False)
        base.trainable = False
        model = keras.Sequential([base, layers.Dense(1)])
        model.fit(dataset)
        «base.trainable» = True
        for layer in base.layers[:100]:
            layer.trainable = False
        model.fit(dataset)
        """,
        *SAYS,
        kind=KIND,
        fix=FIX,
    ),
]

CLEAN = """
--- only the head of the model around it
base = tf.keras.applications.ResNet50(include_top=False, pooling="avg")
model = keras.Model(base.input, layers.Dense(5)(layers.Dense(64)(base.output)))
for layer in model.layers:
    layer.trainable = False
model.fit(dataset)
for layer in model.layers[-2:]:
    layer.trainable = True
model.fit(dataset)
--- the last layer of the model around it
base = tf.keras.applications.ResNet50(include_top=False, pooling="avg")
base.trainable = False
model = keras.Model(base.input, layers.Dense(5)(base.output))
model.fit(dataset)
model.layers[-1].trainable = True
model.fit(dataset)
--- the flag of a sequence around it, which in Keras 3 reaches no layer
base = tf.keras.applications.ResNet50(include_top=False)
base.trainable = False
model = keras.Sequential([base, layers.Dense(1)])
model.fit(dataset)
model.trainable = True
model.fit(dataset)
--- what follows it in a sequence
base = tf.keras.applications.ResNet50(include_top=False, pooling="avg")
model = keras.Sequential([base, layers.Dense(64), layers.Dense(1)])
for layer in model.layers:
    layer.trainable = False
model.fit(dataset)
for layer in model.layers[1:]:
    layer.trainable = True
model.fit(dataset)
--- another model, that is not made of it
base = tf.keras.applications.ResNet50(include_top=False, pooling="avg")
base.trainable = False
features = base.predict(images)
model = keras.Sequential([layers.Dense(64), layers.Dense(1)])
model.trainable = False
model.fit(features)
model.trainable = True
model.fit(features)
--- the layers of the model around it, but for normalisation
base = tf.keras.applications.ResNet50(include_top=False, pooling="avg")
base.trainable = False
model = keras.Model(base.input, layers.Dense(5)(base.output))
model.fit(dataset)
for layer in model.layers:
    if not isinstance(layer, layers.BatchNormalization):
        layer.trainable = True
model.fit(dataset)
--- called to infer
base = keras.applications.Xception(include_top=False)
base.trainable = False
inputs = keras.Input((96, 96, 3))
model = keras.Model(inputs, layers.Dense(1)(base(inputs, training=False)))
model.fit(dataset)
base.trainable = True
model.fit(dataset)
--- batch normalisation stays frozen
base = keras.applications.Xception(include_top=False)
base.trainable = False
model = keras.Sequential([base, layers.Dense(1)])
model.fit(dataset)
base.trainable = True
for layer in base.layers:
    if isinstance(layer, layers.BatchNormalization):
        layer.trainable = False
model.fit(dataset)
--- batch normalisation is not unfrozen
base = keras.applications.EfficientNetB0(include_top=False)
base.trainable = False
model = keras.Sequential([base, layers.Dense(1)])
model.fit(dataset)
for layer in base.layers[-20:]:
    if not isinstance(layer, layers.BatchNormalization):
        layer.trainable = True
model.fit(dataset)
--- decided by the class in the value
base = keras.applications.EfficientNetB0(include_top=False)
base.trainable = False
model = keras.Sequential([base, layers.Dense(1)])
model.fit(dataset)
for layer in base.layers:
    layer.trainable = not isinstance(layer, layers.BatchNormalization)
model.fit(dataset)
--- never unfrozen
base = keras.applications.Xception(include_top=False)
base.trainable = False
model = keras.Sequential([base, layers.Dense(1)])
model.fit(dataset)
--- never frozen
base = keras.applications.Xception(include_top=False)
base.trainable = True
model = keras.Sequential([base, layers.Dense(1)])
model.fit(dataset)
--- from scratch
base = keras.applications.Xception(weights=None, include_top=False)
base.trainable = False
model = keras.Sequential([base, layers.Dense(1)])
model.fit(dataset)
base.trainable = True
model.fit(dataset)
--- no batch normalisation
base = keras.applications.VGG16(include_top=False)
base.trainable = False
model = keras.Sequential([base, layers.Dense(1)])
model.fit(dataset)
base.trainable = True
model.fit(dataset)
--- only used after it
base = keras.applications.Xception(include_top=False)
base.trainable = False
model = keras.Sequential([base, layers.Dense(1)])
model.fit(dataset)
base.trainable = True
model.predict(dataset)
--- a flag decides
base = keras.applications.Xception(include_top=False)
base.trainable = args.fine_tune
model = keras.Sequential([base, layers.Dense(1)])
model.fit(dataset)
--- the weights that are given may be none
base = keras.applications.Xception(**options)
base.trainable = False
model = keras.Sequential([base, layers.Dense(1)])
model.fit(dataset)
base.trainable = True
model.fit(dataset)
"""


@pytest.mark.parametrize("expected", HAZARDS)
def test_hazard(expected: Hazard) -> None:
    check_hazard("BN255", expected, IMPORTS)


@pytest.mark.parametrize("code", cases(CLEAN))
def test_clean(code: str) -> None:
    check_clean("BN255", code, IMPORTS)
