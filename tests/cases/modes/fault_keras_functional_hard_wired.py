# expected: BN203 on line 9
from tf_keras import Input, Model
from tf_keras.layers import Activation, BatchNormalization, Conv2D, Dense, Flatten


def classifier(shape, classes):
    inputs = Input(shape)
    x = Conv2D(32, 3)(inputs)
    x = BatchNormalization()(x, training=True)
    x = Activation("relu")(x)
    x = Flatten()(x)
    return Model(inputs, Dense(classes, activation="softmax")(x))


model = classifier((32, 32, 3), 10)
model.compile("sgd", "categorical_crossentropy")
model.fit(x_train, y_train, epochs=3)
model.predict(x_test)
