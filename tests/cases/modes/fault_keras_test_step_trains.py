# expected: BN213 on line 32
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers


def make_model():
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(32, 3)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    return keras.Model(inputs, layers.Dense(10)(x))


model = make_model()
optimizer = keras.optimizers.Adam()
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
metric = keras.metrics.SparseCategoricalAccuracy()


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(gradients, model.trainable_weights))
    return loss


@tf.function
def test_step(x, y):
    metric.update_state(y, model(x, training=True))


for epoch in range(5):
    for x, y in train_dataset:
        train_step(x, y)
    for x, y in val_dataset:
        test_step(x, y)
