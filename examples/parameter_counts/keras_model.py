"""The classifier of torch_model.py in Keras."""

from tensorflow import keras
from tensorflow.keras.layers import BatchNormalization, Conv2D, Dense, Flatten, Input

IMAGE_SIZE = 64


def build_classifier():
    """Images in NHWC order, shape (N, 64, 64, 1), to ten probabilities."""
    images = Input(shape=(IMAGE_SIZE, IMAGE_SIZE, 1))
    x = Conv2D(filters=32, kernel_size=(3, 3), padding="same", activation="relu")(images)
    x = BatchNormalization(momentum=0.15, axis=-1)(x)
    x = Flatten()(x)
    x = Dense(100, activation="relu")(x)
    probabilities = Dense(10, activation="softmax")(x)
    return keras.Model(images, probabilities)


if __name__ == "__main__":
    build_classifier().summary()
