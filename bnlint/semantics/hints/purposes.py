"""What the names of functions, methods and classes say these are for: hints, and never facts.

Each predicate takes one name. Several ask nearly the same, and each tells where it differs: what
one rule has to be careful about is harmless to another.
"""

from __future__ import annotations

import re

from bnlint.startup.patterns import lazy

# Parts that several patterns have.
_ADAPTING = "adabn|adapt|meta"
_SAMPLING = "mc_?drop|monte"
_UNCERTAIN = "stochastic|uncertain"
_CALIBRATING = "calibrat|recalib"
#: What is generated of the results of a model is no sample of it.
_GENERATING = (
    r"generat(?!\w*(?:submi|predict|result|report|metric|score|embed|feature|mask|label|answer"
    r"|logit|heat_?map|saliency|anchor|proposal))"
)

# ---------------------------------------------------------------------------------- inference

#: In a text: the definition, at its left margin, of a function with a word that begins as one for
#: what a script does: ``def main``, ``def my_training``, ``def test_block``; not ``def forward``.
DEFINES_SCRIPT = r"^def (?:\w+_)?(?:main|run|fit|train|eval|test|predict|infer|valid|demo)"

_INFERS = (
    "eval|evaluate|evaluation|test|predict|prediction|infer|inference|val|validate|validation|valid"
    "|demo"
)
_EVALUATES = lazy(rf"(^|_)({_INFERS})($|_)", re.IGNORECASE)
_EVALUATES_BY_PREFIX = lazy(r"(^|_)(eval|test|predict|infer|val)", re.IGNORECASE)
_INFERS_OR_PREPARES = lazy(
    rf"(^|_)({_INFERS}|adapt|update_bn|precise|calibrate|fuse|export|deploy)($|_)", re.IGNORECASE
)
_WANTS_RUNNING_STATISTICS = lazy(
    r"(^|_)(frozen|freeze|fixed|eval|infer|inference|backbone|pretrained)", re.IGNORECASE
)


def evaluates(name: str) -> bool:
    """Tell whether a whole word of a name is one for inference.

    So of ``evaluate``, ``run_inference``, ``val_step`` and ``demo``; not of ``evaluator``,
    ``testing``, ``values`` and ``retest``.
    """
    return _EVALUATES.search(name) is not None


def begins_to_evaluate(name: str) -> bool:
    """Tell whether a word of a name begins as one for inference does.

    That is :func:`evaluates` without ``demo`` and with whatever follows: also of ``evaluator``,
    ``testLoader``, ``validation`` and, by mistake, ``values``; not of ``retest``.
    """
    return _EVALUATES_BY_PREFIX.search(name) is not None


def infers_or_prepares(name: str) -> bool:
    """Tell whether a function is named for inference, or for making a model ready for it.

    That is :func:`evaluates`, and also ``adapt``, ``update_bn``, ``precise_bn``, ``fuse_conv_bn``,
    ``export`` and ``deploy``; not ``train`` and ``exporter``.
    """
    return _INFERS_OR_PREPARES.search(name) is not None


def wants_running_statistics(name: str) -> bool:
    """Tell whether a function or class is named for layers that keep their running statistics.

    So of ``FrozenBatchNorm``, ``eval_block``, ``backbone`` and ``pretrained_stem``; not of
    ``unfrozen``, ``Net`` and ``MyBackbone``. The word must begin the name or follow an underscore.
    """
    return _WANTS_RUNNING_STATISTICS.search(name) is not None


_RUNS_FORWARD = lazy(r"(^|_)forward($|_)|_step$|^(encode|extract|infer)($|_)", re.IGNORECASE)


def runs_forward(method: str) -> bool:
    """Tell whether a method of a model's own is named for a forward pass, or a part of one.

    So of ``forward_features``, ``predict_step``, ``encode`` and ``extract_features``; not of
    ``stepwise``, ``predict`` and ``step``.
    """
    return _RUNS_FORWARD.search(method) is not None


#: What the outputs of a model are given to, or asked for, once it only infers.
_RESULTS = frozenset(
    {
        "allclose", "argmax", "assert_allclose", "assert_almost_equal", "detach", "imsave",
        "imshow", "imwrite", "item", "numpy", "plot", "print", "save_image", "softmax", "tolist",
        "topk",
    }
)  # fmt: skip


def takes_result(name: str) -> bool:
    """Tell whether a function or method is named for what becomes of results of inference.

    They are printed, compared, drawn, taken out of the framework or turned into a class: ``print``,
    ``allclose``, ``numpy`` and ``argmax``; not ``backward`` and ``append``.
    """
    return name in _RESULTS


# ---------------------------------------------------------------------------------- training

_TRAINS = lazy(r"train|(^|_)fit($|_)", re.IGNORECASE)
_LEARNS = lazy(r"train|fit|optimi|learn", re.IGNORECASE)
_ASKS_FOR_MODE = lazy(r"train|phase|mode", re.IGNORECASE)

#: What a parameter that is true to train is called.
SAYS_TO_TRAIN = ("train", "training", "is_training")


#: What a parameter that says the mode is called: true to train, and true to infer.
_SAYS_MODE = frozenset({*SAYS_TO_TRAIN, "is_train", "phase_train", "train_phase", "training_mode"})
_SAYS_TO_INFER = frozenset({"use_running_average", "deterministic", "is_inference", "inference"})


def says_mode(parameter: str) -> bool:
    """Tell whether a parameter says in which mode a function runs, by its whole name.

    So of ``is_training``, ``train``, ``use_running_average`` and ``deterministic``; not of
    ``train_data`` and ``mode``.
    """
    return parameter in _SAYS_MODE or says_to_infer(parameter)


def says_to_infer(parameter: str) -> bool:
    """Tell whether a parameter is one of :func:`says_mode` that is true to infer.

    So of ``use_running_average``, ``deterministic`` and ``inference``; not of ``training``.
    """
    return parameter in _SAYS_TO_INFER


def trains(name: str) -> bool:
    """Tell whether a function is named for training.

    So of ``train``, ``pretrain_and_test`` and ``fit_model``; not of ``benefit`` and ``evaluate``.
    """
    return _TRAINS.search(name) is not None


def learns(name: str) -> bool:
    """Tell whether a function out of view is named as if it might train with what it is given.

    More than :func:`trains`, to be on the safe side: also of ``optimize``, ``learner`` and
    ``benefit``; not of ``evaluate`` and ``print``.
    """
    return _LEARNS.search(name) is not None


def asks_for_mode(text: str) -> bool:
    """Tell whether the text of a test seems to ask for the mode.

    So of ``self.training``, ``phase == 'fit'`` and ``mode``; not of ``depth > 3``.
    """
    return _ASKS_FOR_MODE.search(text) is not None


#: In a text: a call of a function that :func:`takes_gradients` knows.
TAKES_GRADIENTS = "backward("


def takes_gradients(name: str) -> bool:
    """Tell whether a function is named for a backward pass.

    So of ``backward`` and ``manual_backward``; not of ``backward_hook`` and ``forward``.
    """
    return name.endswith("backward")


# ---------------------------------------------------------------------------------- on purpose

_RUNS_IN_TRAINING_ON_PURPOSE = lazy(
    rf"update_bn|precise|{_CALIBRATING}|{_ADAPTING}|maml|{_SAMPLING}|{_UNCERTAIN}"
    rf"|warm_?up|sample|{_GENERATING}|gan($|_)",
    re.IGNORECASE,
)
_EVALUATES_IN_TRAINING_ON_PURPOSE = lazy(
    rf"gener|gan($|_)|pix2pix|sample|style|{_SAMPLING}|{_UNCERTAIN}|bayes|{_ADAPTING}"
    rf"|maml|{_CALIBRATING}|few_?shot",
    re.IGNORECASE,
)
_ALWAYS_TRAINS_ON_PURPOSE = lazy(
    rf"gener|gan|pix2pix|sample|train|style|{_SAMPLING}|{_ADAPTING}|calibrat", re.IGNORECASE
)
_KEEPS_ONE_MODE_ON_PURPOSE = lazy(
    rf"eval|infer|test|frozen|export|deploy|maml|{_ADAPTING}|adain|style", re.IGNORECASE
)
_WANTS_BATCH_STATISTICS = lazy(r"maml|meta|adabn|instance", re.IGNORECASE)


def runs_in_training_on_purpose(name: str) -> bool:
    """Tell whether a function is named for running a model, untrained on, in training mode.

    It recomputes statistics, adapts them, or samples: ``update_bn``, ``calibrate``, ``maml_step``,
    ``mc_dropout``, ``generate_image``; not ``evaluate``, ``general`` and ``generate_report``.
    """
    return _RUNS_IN_TRAINING_ON_PURPOSE.search(name) is not None


def evaluates_in_training_on_purpose(name: str) -> bool:
    """Tell whether a function, class or model is named for evaluating with each batch on purpose.

    As :func:`runs_in_training_on_purpose`, without its words for updates of statistics, and with
    those for models that are used so: ``generator``, ``pix2pix``, ``style_transfer``, ``few_shot``
    and ``bayes_net``; not ``update_bn``, ``evaluate`` and ``organic``.
    """
    return _EVALUATES_IN_TRAINING_ON_PURPOSE.search(name) is not None


def always_trains_on_purpose(name: str) -> bool:
    """Tell whether a function or class is named for layers that are always told to train.

    As :func:`evaluates_in_training_on_purpose`, and also what is named for training
    (``train_step``) or has ``gan`` anywhere (``GANLoss``); not ``bayes_net``, ``few_shot`` and
    ``ResNet``.
    """
    return _ALWAYS_TRAINS_ON_PURPOSE.search(name) is not None


def keeps_one_mode_on_purpose(name: str) -> bool:
    """Tell whether a function or class is named for normalising in one mode, whichever it is.

    That is inference (``eval_step``, ``FrozenNorm``, ``export``), or the batch on purpose
    (``AdaIN``, ``meta_forward``, ``style_block``); not ``forward`` and ``Block``.
    """
    return _KEEPS_ONE_MODE_ON_PURPOSE.search(name) is not None


def wants_batch_statistics(name: str) -> bool:
    """Tell whether a function or class is named for batch statistics in inference too.

    So of ``MamlNet``, ``meta_block``, ``AdaBN`` and ``InstanceNorm``; not of ``adapt`` and ``Net``.
    """
    return _WANTS_BATCH_STATISTICS.search(name) is not None


#: Functions that go by these names recompute running statistics, in whichever project they stand.
RECOMPUTES = frozenset({"precise_bn", "bn_update"})

# ---------------------------------------------------------------------------------- freezing

_FREEZES = lazy(r"freez|frozen", re.IGNORECASE)
_FOLDS = lazy(r"fus(e|ion)|fold|absorb|merge", re.IGNORECASE)
_IS_FROZEN = lazy(r"frozen|freeze|fixed|fuse|fold|absorb|merge_bn|bn_fusion", re.IGNORECASE)
_RESTS_NORMS = lazy(r"freez|frozen|(bn|norm)s?_?eval|eval_?(bn|norm)|set_bn", re.IGNORECASE)
_TELLS_OF_MODE = lazy(
    r"eval|infer|predict|deploy|freez|fus|fold|merge|mode|quanti|export|reparam", re.IGNORECASE
)

#: Words of a file that freezes something: functions, settings of ready-made models, and the
#: attribute by which weights are kept from being trained.
FREEZING = ("freeze", "frozen", "requires_grad", "freeze_bn", "frozen_stages")


def freezes(text: str) -> bool:
    """Tell whether a name, or a comment, speaks of freezing.

    So of ``freeze_bn``, ``FrozenStem`` and ``# freezing the stem``; not of ``fixed`` and ``fuse``.
    """
    return _FREEZES.search(text) is not None


def folds(name: str) -> bool:
    """Tell whether a function or class is named for folding layers into one.

    So of ``fuse_conv_bn``, ``bn_fusion``, ``fold`` and ``merge_bn``; not of ``freeze``.
    """
    return _FOLDS.search(name) is not None


def freezes_or_folds(name: str) -> bool:
    """Tell whether a function or class is named for freezing layers or for folding them.

    Less than :func:`freezes` or :func:`folds`, and with ``fixed``: of ``FrozenNorm``, ``freeze``,
    ``fixed_stem``, ``fuse`` and ``merge_bn``; not of ``freezing``, ``fusion`` and ``merge``.
    """
    return _IS_FROZEN.search(name) is not None


def rests_norms(name: str) -> bool:
    """Tell whether a function is named as if it froze or switched batch normalisation layers.

    So of ``freeze_backbone``, ``bn_eval``, ``eval_norm`` and ``set_bn_eval``; not of ``evaluate``.
    """
    return _RESTS_NORMS.search(name) is not None


def tells_of_mode(method: str) -> bool:
    """Tell whether a method of a model's own is named as if it changed how the model runs.

    So of ``switch_to_deploy``, ``set_mode``, ``fuse`` and ``predict``; not of ``forward`` and
    ``add``. Words that are part of others count: ``refuse`` and ``modern`` too.
    """
    return _TELLS_OF_MODE.search(method) is not None


_COMPARES = lazy(r"close$|equal|compare|diff", re.IGNORECASE)


def compares(name: str) -> bool:
    """Tell whether a function is named for telling how far two results are apart.

    So of ``allclose``, ``assert_array_almost_equal`` and ``max_diff``; not of ``closed``.
    """
    return _COMPARES.search(name) is not None


# ---------------------------------------------------------------------------------- tests

_IS_TEST = lazy(r"^tests?($|_)|_tests?$|^Test[A-Z]|^compare($|_)")


def is_test(name: str) -> bool:
    """Tell whether a function or class is named for a test: by how its name begins.

    So of ``test_block``, ``TestNet`` and, by mistake, ``testify``; not of ``run_test``.
    """
    return name.lower().startswith("test")


def is_test_class(name: str) -> bool:
    """Tell whether a class is named as unit tests are: ``TestNet``, and not ``testing``."""
    return name.startswith("Test")


def is_test_or_comparison(name: str) -> bool:
    """Tell whether a function, class, file or folder is named for tests, or for a comparison.

    By whole words, other than :func:`is_test`: of ``tests``, ``test_block``, ``run_test``,
    ``TestNet`` and ``compare_layers``; not of ``testify``, ``Test`` and ``latest``.
    """
    return _IS_TEST.search(name) is not None


def is_assertion(name: str) -> bool:
    """Tell whether a function is named for an assertion: ``assertEqual``, and not ``check``."""
    return name.startswith("assert")


# ---------------------------------------------------------------------------------- keeping

_KEEPS = frozenset({"add", "append", "enqueue", "extend", "insert", "push", "put", "store"})
_READS = frozenset(
    {
        "add", "append", "critical", "debug", "dump", "error", "extend", "info", "insert", "log",
        "pprint", "print", "save", "setdefault", "update", "warn", "warning", "write",
    }
)  # fmt: skip


def keeps(method: str) -> bool:
    """Tell whether a method is named for giving a container something to keep.

    So of ``append``, ``push`` and ``store``; not of ``get``.
    """
    return method in _KEEPS


_SHOWS = lazy(
    r"^(add_(embedding|figure|graph|hist|image|scalar|text|video)|set_(description|postfix|title)"
    r"|(debug|draw|imsave|imshow|info|log|makedirs|plot|print|report|save|show|warn|write)(_|s?$))"
)


def shows(method: str) -> bool:
    """Tell whether a method is named for showing or writing out what it is given.

    So of ``add_scalar``, ``set_postfix``, ``info`` and ``save_image``; not of ``push``,
    ``add_module`` and ``login``.
    """
    return _SHOWS.search(method) is not None


def only_reads(name: str) -> bool:
    """Tell whether a function is named as if it left a container that it is given as it is.

    It prints, logs or saves it, or puts it into another: ``print``, ``info``, ``dump`` and
    ``append``; not ``sort`` and ``configure``.
    """
    return name in _READS


# ---------------------------------------------------------------------------------- set-up

#: Methods in which classes set their attributes up, by Python's rules and by custom.
SETS_UP = frozenset({"__init__", "__post_init__", "_build", "init_layers"})


# ---------------------------------------------------------------------------------- references

_SETS_OWN_EPS = lazy(r"yolo|darknet", re.IGNORECASE)
_OFTEN_SETS_OWN_EPS = lazy(r"(?<!inception[-_])(?<!inception)res_?ne[sx]?t|densenet", re.IGNORECASE)
_TESTS = lazy(r"(^|[/_])tests?($|[/_.])|(^|/)conftest\.py$")


def sets_own_eps(names: str) -> bool:
    """Tell whether names are of models that set their own eps, whatever framework they are in.

    Those of the YOLO family do: 1e-3 in PyTorch, say. So of ``YOLOv3`` and ``darknet.py``;
    not of ``solo``.
    """
    return _SETS_OWN_EPS.search(names) is not None


def often_sets_own_eps(names: str) -> bool:
    """Tell whether names are of models of which many set their own eps.

    Residual and dense networks do in TensorFlow: to 1e-5 (slim, its official models) or 1.001e-5
    (Keras). So of ``ResNet``; not of ``inception_resnet_v2.py``.
    """
    return _OFTEN_SETS_OWN_EPS.search(names) is not None


def is_for_tests(path: str) -> bool:
    """Tell whether a file is named, or lies in a folder named, for tests.

    So of ``tests/convert.py``, ``test_convert.py`` and ``convert_test/``; not of ``latest.py``.
    """
    return _TESTS.search(path) is not None
