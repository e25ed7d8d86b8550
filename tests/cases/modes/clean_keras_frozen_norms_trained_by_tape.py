# expected: nothing (the layers are frozen on purpose, as for fine-tuning)
import tensorflow as tf

model = tf.keras.applications.ResNet50(classes=10, weights="imagenet")
for layer in model.layers:
    if isinstance(layer, tf.keras.layers.BatchNormalization):
        layer.trainable = False
optimizer = tf.keras.optimizers.Adam()
for x, y in tf.data.Dataset.load("data"):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
