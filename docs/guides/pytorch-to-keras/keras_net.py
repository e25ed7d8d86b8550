"""The port."""

import keras
from keras import layers


def build():
    inputs = keras.Input((None, 40))
    x = layers.Conv1D(64, 5, padding="same", name="conv1")(inputs)
    x = layers.BatchNormalization(momentum=0.1, name="bn1")(x)
    x = layers.Activation("tanh")(x)
    x = layers.Conv1D(64, 5, padding="same", name="conv2")(x)
    outputs = layers.BatchNormalization(momentum=0.1, name="bn2")(x)
    return keras.Model(inputs, outputs)
