# expected: nothing (fine-tuned with the batch normalisation layers kept frozen)
from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.keras.applications import EfficientNetB0


def build_model(classes):
    inputs = layers.Input((224, 224, 3))
    base = EfficientNetB0(include_top=False, input_tensor=inputs, weights="imagenet")
    base.trainable = False
    x = layers.GlobalAveragePooling2D()(base.output)
    x = layers.BatchNormalization()(x)
    model = keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))
    model.compile(keras.optimizers.Adam(1e-2), "categorical_crossentropy")
    return model


def unfreeze_model(model):
    for layer in model.layers[-20:]:
        if not isinstance(layer, layers.BatchNormalization):
            layer.trainable = True
    model.compile(keras.optimizers.Adam(1e-5), "categorical_crossentropy")


model = build_model(120)
model.fit(train, epochs=25, validation_data=test)
unfreeze_model(model)
model.fit(train, epochs=4, validation_data=test)
