"""Train the port a little, and see where the running variance of its first layer is."""

import keras
import keras_net
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(0)
model = keras_net.build()
before = keras.Model(model.input, model.get_layer("conv1").output)
optimizer = keras.optimizers.SGD(1e-3)
random = np.random.default_rng(0)
for _ in range(100):
    features = random.normal(3, 2, (8, 50, 40)).astype("float32")
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(features) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))

running = np.mean(model.get_layer("bn1").moving_variance)
batch = np.mean(np.var(before(features), axis=(0, 1)))
print(f"running variance {running:.2f}, that of the last batch {batch:.2f}")
