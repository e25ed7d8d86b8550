"""BN112: settings of a named reference that the port has nothing for."""

from __future__ import annotations

from pairs import run_pair

REFERENCE = """
    import keras

    norm = keras.layers.BatchNormalization(renorm=True)
    """


def test_a_port_without_such_an_argument() -> None:
    (found,) = run_pair("BN112", REFERENCE, "import torch.nn as nn\nnorm = nn.BatchNorm2d(8)\n")
    assert "the Keras layer has renorm=True (reference.py:3)" in found.message
    assert found.confidence == "high"


def test_a_setting_that_the_reference_takes_of_a_constant() -> None:
    reference = """
        import keras

        RENORM = False
        norm = keras.layers.BatchNormalization(renorm=RENORM)
        """
    port = "import torch.nn as nn\nnorm = nn.BatchNorm2d(8)\n"
    assert not run_pair("BN112", reference, port)


def test_a_port_that_takes_it_too() -> None:
    port = """
        import tf_slim as slim

        def port(x):
            return slim.batch_norm(x, renorm=True)
        """
    assert not run_pair("BN112", REFERENCE, port)
