# expected: nothing (the online network has the flag; the target network is never trained)
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers


def create_q_model():
    inputs = layers.Input(shape=(84, 84, 4))
    x = layers.Conv2D(32, 8, strides=4, activation="relu")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Flatten()(x)
    return keras.Model(inputs=inputs, outputs=layers.Dense(4)(x))


model = create_q_model()
model_target = create_q_model()
optimizer = keras.optimizers.Adam(learning_rate=0.00025, clipnorm=1.0)
loss_function = keras.losses.Huber()

while True:
    state_tensor = tf.expand_dims(tf.convert_to_tensor(state), 0)
    action = tf.argmax(model(state_tensor, training=False)[0]).numpy()
    future_rewards = model_target(state_next_sample)
    updated_q_values = rewards_sample + 0.99 * tf.reduce_max(future_rewards, axis=1)
    with tf.GradientTape() as tape:
        q_values = model(state_sample, training=True)
        q_action = tf.reduce_sum(tf.multiply(q_values, masks), axis=1)
        loss = loss_function(updated_q_values, q_action)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    if frame_count % 10000 == 0:
        model_target.set_weights(model.get_weights())
