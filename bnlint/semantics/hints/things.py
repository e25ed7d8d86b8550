"""What the names of variables, attributes and arguments say these are: hints, and never facts.

Each predicate takes one name, or one word of it.
"""

from __future__ import annotations

import re

from bnlint.startup.patterns import lazy

# ---------------------------------------------------------------------------------- models

#: In a text: a variable, at its left margin, that is called for a model or by one letter, and is
#: bound to what a call gives: ``net = ResNet()``, ``m = build()``, and not ``net = dict()``.
BINDS_MODEL = (
    r"^(?:\w*(?:model|net|classifier|encoder|backbone|detector)\w*|\w) *= *(?!dict\()[\w.]+\("
)

_IS_MODEL = lazy(r"model|net(work)?$", re.IGNORECASE)
_FILLING = lazy(r"^(the|my)_|_?(model|net|network)$")
_IS_ANY_MODEL = lazy(r"^(self|m|student|classifier|backbone)$")
_GENERATES = lazy(r"gener|gan($|_)|^(net_?)?g(_|$)", re.IGNORECASE)
_FOLLOWS = lazy(
    r"momentum|(^|_)(ema|key|k|target|shadow|avg|average|slow|mean)($|_)", re.IGNORECASE
)


def is_model(name: str) -> bool:
    """Tell whether a variable or argument is named for a model.

    So of ``model``, ``teacher_model_2`` and ``net``; not of ``planet_size``, ``m`` and ``encoder``.
    """
    return _IS_MODEL.search(name) is not None


def word_of_model(name: str) -> str:
    """Return what the name of a model's variable says beside that it is one, in small letters.

    That is ``unet`` for ``my_UNet_model``, ``resnet50`` for ``resnet50``, nothing for ``model``.
    """
    return _FILLING.sub("", name).lower()


def is_any_model(word: str) -> bool:
    """Tell whether what :func:`word_of_model` gives may stand for any model.

    So of ``m``, ``student`` and ``backbone``; not of ``unet`` and ``students``.
    """
    return _IS_ANY_MODEL.search(word) is not None


def generates(name: str) -> bool:
    """Tell whether a model, as it is written, is named for a generator.

    So of ``generator``, ``self.gan``, ``netG`` and ``g``; not of ``organic`` and ``graph``.
    """
    return _GENERATES.search(name) is not None


def follows_another(name: str) -> bool:
    """Tell whether a model is named for a copy that follows another one's weights.

    Such a copy normalises with batches as the other does: ``model_ema``, ``target``, ``encoder_k``
    and ``momentum_encoder``; not ``targets``, ``monkey`` and ``model``.
    """
    return _FOLLOWS.search(name) is not None


# ---------------------------------------------------------------------------------- layers

_IS_NORM = lazy(r"batch_?norm|(^|_|\W|sync)bn(s|$|_|\W|\d)|norm_?layer|(^|_)norms?$", re.IGNORECASE)

_NORMALISES = lazy(r"norm(?!al(?!i[sz]))", re.IGNORECASE)

#: Words that every layer's name has, and that tell nothing.
_EMPTY = frozenset({"self", "bn", "batchnorm", "batch", "norm", "normalization", "layer", "layers"})


def is_norm(text: str) -> bool:
    """Tell whether a class, flag or text is named for batch normalisation.

    So of ``BatchNorm2d``, ``freeze_bn``, ``bn1``, ``norm_layer`` and ``norms``; not of
    ``LayerNorm``, ``subnet`` and ``normalize``.
    """
    return _IS_NORM.search(text) is not None


def normalises(name: str) -> bool:
    """Tell whether a class is named for normalising, of whatever kind.

    So of ``T5LayerNorm``, ``RMSNorm``, ``pixel_norm`` and ``Normalization``; not of
    ``NormalInit``, ``Net`` and ``Abnormality``.
    """
    return _NORMALISES.search(name) is not None


def chooses_norm(argument: str) -> bool:
    """Tell whether an argument of a ready-made model is named as if it chose what normalises.

    That is :func:`is_norm`, or ``norm`` anywhere: ``norm_layer``, ``use_bn`` and ``normalize``; not
    ``weights`` and ``subnet``.
    """
    return is_norm(argument) or "norm" in argument


def may_choose_norm(argument: str) -> bool:
    """Tell whether an argument of a function of the project may choose what normalises.

    More than :func:`chooses_norm`: ``bn`` in small letters counts anywhere, in ``use_bn`` as in
    ``abn`` and ``subnet``; not in ``useBN``.
    """
    return "norm" in argument or "bn" in argument


def is_empty(word: str) -> bool:
    """Tell whether a word of a layer's name tells it from no other.

    So of ``bn``, ``norm`` and ``layers``; not of ``conv`` and ``1``.
    """
    return word in _EMPTY


# ---------------------------------------------------------------------------------- tensors

_IS_WEIGHT = lazy(r"(^|_)(weight|weights|kernel|kernels|filters?|w)($|_)")
_TRIES_OUT = lazy(
    r"noise|latent|^z(_|\d|$)|fixed|dummy|example|probe|fake|random|rand(_|$)|mock", re.IGNORECASE
)
_IS_HELD_OUT = lazy(
    r"(^|_)(test|val|valid|validation|eval)(ing|uation)?"
    r"((_\w+)?_?(data|load|set(s?$|_)|iter(ator)?$|gen(erator)?$|batch(es)?$|images?|imgs?|inputs?"
    r"|samples?$|examples?$)|_?(x|dl|ds)$)"
    r"|(^|_)(x|\w*(images?|inputs?|data|set|loader))_?(test|val|valid|validation|eval)$",
    re.IGNORECASE,
)
_COUNTS = lazy(r"(^|_)(n|num|number|size|count|len|every|freq|steps|ids?)(_|$)", re.IGNORECASE)
_IS_SOUND = lazy(r"spectro|(^|_)(spec|mel|stft|mfcc|audio|speech|wav|freq)", re.IGNORECASE)


def is_weight(name: str) -> bool:
    """Tell whether a tensor, in small letters, is named for the weight of a layer.

    So of ``weight``, ``conv_kernel``, ``filters`` and ``w``; not of ``weighted`` and ``x``.
    """
    return _IS_WEIGHT.search(name) is not None


def tries_out(name: str) -> bool:
    """Tell whether an input is named as if it only tried a model out, or were noise.

    So of ``noise``, ``z``, ``fixed_latent``, ``dummy_input`` and, by mistake,
    ``brand_new``; not of ``images`` and ``zoom``.
    """
    return _TRIES_OUT.search(name) is not None


def is_held_out(name: str) -> bool:
    """Tell whether a name is one for data that is kept from training.

    So of ``test_loader``, ``valset``, ``testDataLoader`` and ``X_test``; not of ``value_data``,
    ``test``, ``eval_freq`` and ``train_data``.
    """
    return _IS_HELD_OUT.search(name) is not None and _COUNTS.search(name) is None


def is_sound(name: str) -> bool:
    """Tell whether a name, or the path of a file, speaks of sound: its images are spectrograms.

    So of ``spectrogram``, ``mel_bins``, ``audio.py`` and ``log_freq``; not of ``camel``.
    """
    return _IS_SOUND.search(name) is not None


def is_padding(name: str) -> bool:
    """Tell whether what is called is named for padding: ``ZeroPadding2D``, and not ``conv``."""
    return "pad" in name.lower()


def is_shape(argument: str) -> bool:
    """Tell whether an argument is named for a shape: ``input_shape``, and not ``size``."""
    return "shape" in argument


_IS_EPS = lazy(r"(^|_)eps(ilon)?($|_)", re.IGNORECASE)
_CONFIGURES = lazy(r"(Config|Configuration|Args|Arguments)$")
_IS_CONFIGURATION = lazy(r"(^|_)(config|cfg|conf|args|hparams|hps)$|Config$")


def is_eps(name: str) -> bool:
    """Tell whether a setting is named for an eps: ``layer_norm_eps``, and not ``steps``."""
    return _IS_EPS.search(name) is not None


def is_configuration(name: str) -> bool:
    """Tell whether a variable or attribute is named for a configuration.

    So of ``config``, ``text_config`` and ``args``; not of ``configure`` and ``layer``.
    """
    return _IS_CONFIGURATION.search(name) is not None


def configures(name: str) -> bool:
    """Tell whether a class is named for a configuration.

    So of ``BertConfig`` and ``ModelArgs``; not of ``Configurator``.
    """
    return _CONFIGURES.search(name) is not None


# ---------------------------------------------------------------------------------- arrays

_ARRAYS = (
    ("scale", lazy(r"gamma|scale|weights?", re.IGNORECASE)),
    ("shift", lazy(r"beta|shift|offset|bias(?:es)?", re.IGNORECASE)),
    ("mean", lazy(r"(?:[a-z_]*_)?(?:mean|mu)", re.IGNORECASE)),
    ("variance", lazy(r"(?:[a-z_]*_)?(?:var|variance)", re.IGNORECASE)),
)  # fmt: skip
_BEFORE = lazy(r"^(?:bn\d*|norm\d*|k|t|tf|src|old|new)_|_(?:np|tf|t|k|init|data)$|_?\d+$")
_DEVIATION = lazy(
    r"(?:^|_)(?:inv_?)?(?:std|stddev|stdev|sigma|sd|istd|invstd)(?:_|$|\d)", re.IGNORECASE
)


def array_named(name: str) -> str:
    """Return which array of batch normalisation a variable is named for, or an empty string.

    So ``gamma`` and ``bn_gamma`` are the scale, ``moving_var`` the variance; ``x`` is none.
    """
    bare = _BEFORE.sub("", name)
    return next((kind for kind, word in _ARRAYS if word.fullmatch(bare)), "")


def is_deviation(name: str) -> bool:
    """Tell whether an array is named for a standard deviation, or one over it.

    So of ``running_std``, ``inv_std`` and ``sigma``; not of ``sigma_sq`` and ``student``.
    """
    found = _DEVIATION.search(name)
    return found is not None and not _SQUARED.search(name)


_SQUARED = lazy(r"(?:sq|squared?|pow|2)$", re.IGNORECASE)


# ---------------------------------------------------------------------------------- functions

#: Names that frameworks give to what trains, and that mean too much else to be evidence of it.
COMMON = frozenset({"apply", "step", "grad", "gradient"})
