# expected: nothing (only the head is trained on)
import tensorflow as tf
from tensorflow.keras import layers, models, optimizers

train = tf.keras.utils.image_dataset_from_directory("train", image_size=(224, 224))
validation = tf.keras.utils.image_dataset_from_directory("val", image_size=(224, 224))

base_model = tf.keras.applications.ResNet50(weights="imagenet", include_top=False)
x = base_model.output
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dense(256, activation="relu")(x)
predictions = layers.Dense(5, activation="softmax")(x)
model = models.Model(inputs=base_model.input, outputs=predictions)

for layer in base_model.layers:
    layer.trainable = False
model.compile(optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, validation_data=validation, epochs=5)

for layer in model.layers[-2:]:
    layer.trainable = True
model.compile(optimizers.SGD(1e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, validation_data=validation, epochs=10)
