# expected: BN204 on line 25
import tensorflow as tf
from tensorflow.keras import layers


def build_generator():
    inputs = tf.keras.Input((100,))
    x = layers.Dense(4 * 4 * 64)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Reshape((4, 4, 64))(x)
    return tf.keras.Model(inputs, layers.Conv2DTranspose(3, 4, strides=2)(x))


def build_critic():
    return tf.keras.Sequential([layers.Conv2D(64, 4), layers.Flatten(), layers.Dense(1)])


generator, critic = build_generator(), build_critic()
g_opt, c_opt = tf.keras.optimizers.Adam(), tf.keras.optimizers.Adam()


def train_step(real):
    z = tf.random.normal((32, 100))
    with tf.GradientTape() as gt, tf.GradientTape() as ct:
        fake = generator(z)
        g_loss = -tf.reduce_mean(critic(fake))
        c_loss = tf.reduce_mean(critic(fake)) - tf.reduce_mean(critic(real))
    g_opt.apply_gradients(zip(gt.gradient(g_loss, generator.trainable_variables), generator.trainable_variables))
    c_opt.apply_gradients(zip(ct.gradient(c_loss, critic.trainable_variables), critic.trainable_variables))
