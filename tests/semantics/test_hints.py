"""Hints hold for the names that they are documented with, and for no others."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

import pytest

from bnlint.semantics.hints import around, purposes, things
from bnlint.semantics.syntax.module import Module, parse

#: A predicate, names that it holds for, and names that it does not.
PREDICATES: tuple[tuple[Callable[[str], bool], str, str], ...] = (
    # what functions and classes are for
    (
        purposes.evaluates,
        "evaluate run_inference val_step demo VAL test predict_batch",
        "evaluator testing values retest devalue training",
    ),
    (
        purposes.begins_to_evaluate,
        "evaluate evaluator testLoader val1 validation run_inference values EVAL",
        "retest devalue demo training",
    ),
    (
        purposes.infers_or_prepares,
        "evaluate demo adapt update_bn precise_bn fuse_conv_bn export deploy_model",
        "train exporter fusion recalibrate",
    ),
    (
        purposes.wants_running_statistics,
        "FrozenBatchNorm eval_block backbone pretrained_stem my_inference_net",
        "unfrozen Net MyBackbone medieval",
    ),
    (purposes.trains, "train pretrain_and_test fit_model Trainer FIT", "benefit evaluate fitness"),
    (
        purposes.says_mode,
        "train training is_training use_running_average deterministic",
        "train_data mode trainable",
    ),
    (purposes.says_mode, "is_train phase_train train_phase training_mode inference", "phase"),
    (
        purposes.says_to_infer,
        "use_running_average deterministic inference is_inference",
        "training infer",
    ),
    (purposes.learns, "train optimize learner benefit", "evaluate print"),
    (purposes.asks_for_mode, "self.training phase=='fit' mode is_train", "depth>3 self.eval"),
    (
        purposes.compares,
        "allclose assert_allclose isclose assert_array_almost_equal compare_outputs max_diff equal",
        "closed close_file append print",
    ),
    (
        purposes.takes_result,
        "print allclose assert_allclose assert_almost_equal numpy detach tolist argmax softmax",
        "backward append printer",
    ),
    (
        purposes.runs_forward,
        "forward forward_features predict_step encode extract_features infer",
        "stepwise predict step encoder inference",
    ),
    (purposes.takes_gradients, "backward manual_backward", "backward_hook forward"),
    (
        purposes.runs_in_training_on_purpose,
        "update_bn calibrate maml_step mc_dropout mcdropout generate_image warmup big_gan sample",
        "evaluate generic organic generate_submission generate_test_results generate_feature_maps",
    ),
    (
        purposes.evaluates_in_training_on_purpose,
        "generator general pix2pix style_transfer bayes_net few_shot recalib adapt",
        "update_bn evaluate organic warm_up GANLoss",
    ),
    (
        purposes.always_trains_on_purpose,
        "train_step GANLoss organic generator mc_dropout adapt",
        "bayes_net few_shot ResNet maml evaluate",
    ),
    (
        purposes.keeps_one_mode_on_purpose,
        "eval_step FrozenNorm export AdaIN meta_forward style_block maml latest",
        "forward Block train",
    ),
    (purposes.wants_batch_statistics, "MamlNet meta_block AdaBN InstanceNorm", "adapt Net"),
    (purposes.freezes, "freeze_bn FrozenStem freezing unfreeze", "fixed fuse free"),
    (purposes.folds, "fuse_conv_bn bn_fusion fold merge_bn absorb refuse", "freeze full"),
    (
        purposes.freezes_or_folds,
        "FrozenNorm freeze fixed_stem fuse merge_bn bn_fusion absorb",
        "freezing fusion merge Net",
    ),
    (
        purposes.rests_norms,
        "freeze_backbone bn_eval norms_eval eval_norm set_bn_eval evalbn",
        "evaluate eval normalise",
    ),
    (
        purposes.tells_of_mode,
        "switch_to_deploy set_mode fuse predict freeze quantize refuse modern",
        "forward add train",
    ),
    (purposes.sets_own_eps, "YOLOv3 yolo_body models/darknet.py", "solo you_look polo"),
    (
        purposes.often_sets_own_eps,
        "ResNet resnet50.py res_net ResNeXt SEResNet densenet121.py resnest.py",
        "inception_resnet_v2.py InceptionResnetV1 residual results densely unet.py",
    ),
    (
        purposes.is_for_tests,
        "tests/convert.py test_convert.py convert_test/a.py a/conftest.py convert_test.py",
        "latest.py contest/a.py attest.py testing/a.py",
    ),
    (purposes.is_test, "test_block TestNet testify", "run_test latest"),
    (purposes.is_test_class, "TestNet Testing", "testing NetTest"),
    (
        purposes.is_test_or_comparison,
        "tests test_block run_test TestNet compare_layers compare",
        "testify Test latest comparer",
    ),
    (purposes.is_assertion, "assertEqual assert_close", "check reassert"),
    (purposes.keeps, "append push store add enqueue extend insert put", "get update"),
    (
        purposes.shows,
        "add_scalar add_scalars set_postfix set_description info log logs save_image write plot",
        "push add_module login append logistic savings add update",
    ),
    (
        purposes.only_reads,
        "print pprint debug info warn warning error critical log dump write save add append",
        "sort configure",
    ),
    (purposes.takes_result, "item topk imsave imshow imwrite plot save_image", "plots"),
    (purposes.only_reads, "extend insert setdefault update", "pop"),
    # what variables, attributes and arguments are
    (
        things.is_deviation,
        "running_std inv_std sigma bn_sigma invstd stddev",
        "student sigma_sq std2 standard",
    ),
    (things.is_model, "model teacher_model_2 net my_network Net", "planet_size m encoder"),
    (things.is_any_model, "m student backbone self", "unet students"),
    (things.generates, "generator self.gan netG g big_gan G_ema", "organic graph net"),
    (
        things.is_eps,
        "eps layer_norm_eps rms_norm_epsilon epsilon",
        "steps deps reps epsom",
    ),
    (
        things.is_configuration,
        "config text_config args bert_cfg ModelConfig hparams",
        "configure layer kwargs configs",
    ),
    (
        things.configures,
        "BertConfig ModelArgs TrainingArguments Configuration",
        "config Configurator Argsort BertModel",
    ),
    (
        things.follows_another,
        "model_ema target encoder_k momentum_encoder teacher_slow",
        "targets monkey model teacher",
    ),
    (
        things.is_norm,
        "BatchNorm2d batch_norm freeze_bn bn1 norm_layer norms SyncBN",
        "subnet normalize abn",
    ),
    (
        things.normalises,
        "T5LayerNorm RMSNorm pixel_norm Normalization NORM normalise",
        "NormalInit Net Abnormality normal",
    ),
    (things.chooses_norm, "norm_layer use_bn normalize norm_eps", "weights subnet"),
    (things.may_choose_norm, "norm_layer use_bn abn subnet", "weights BN"),
    (things.is_empty, "self bn batchnorm batch norm normalization layer layers", "conv 1"),
    (things.is_weight, "weight conv_kernel filters filter w", "weighted x window"),
    (
        things.tries_out,
        "noise z z_1 fixed_latent dummy_input rand my_rand brand_new",
        "images zoom grandma",
    ),
    (
        things.is_held_out,
        "test_loader testloader testDataLoader valset X_test val_dl images_test testing_set",
        "value_data test eval_freq train_data test_size val_batch_size tester_data latest_data",
    ),
    (things.is_sound, "spectrogram mel_bins audio.py log_freq my_speech", "camel image inspect"),
    (things.is_padding, "ZeroPadding2D pad F.pad", "conv page"),
    (things.is_shape, "input_shape shape", "size"),
)

CASES = [
    pytest.param(predicate, name, holds, id=f"{predicate.__name__}-{name}-{holds}")
    for predicate, names, others in PREDICATES
    for holds, words in ((True, names), (False, others))
    for name in words.split()
]


@pytest.mark.parametrize(("predicate", "name", "holds"), CASES)
def test_a_name_holds_a_hint_or_does_not(
    predicate: Callable[[str], bool], name: str, holds: bool
) -> None:
    assert predicate(name) is holds


def test_each_predicate_is_tested() -> None:
    tested = {predicate for predicate, _, _ in PREDICATES}
    for module in (purposes, things):
        for name, found in vars(module).items():
            if getattr(found, "__module__", "") == module.__name__ and name[0] != "_":
                assert found in tested or found in (things.word_of_model, things.array_named), name


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ("gamma bn_gamma scale weight", "scale"),
        ("beta shift bias_np offset", "shift"),
        ("mean running_mean mu mean1", "mean"),
        ("var moving_variance running_var", "variance"),
        ("x invariance demeaned alphabeta std", ""),
    ],
)
def test_an_array_is_named_for_what_it_is(names: str, kind: str) -> None:
    assert [things.array_named(name) for name in names.split()] == [kind] * len(names.split())


@pytest.mark.parametrize("predicate", [predicate for predicate, _, _ in PREDICATES])
def test_each_predicate_gives_examples(predicate: Callable[[str], bool]) -> None:
    """What a hint is worth is seen by the names that it holds for, and by those it does not."""
    assert predicate.__doc__ is not None
    assert "``" in predicate.__doc__
    assert re.search(r"\bnot\b", predicate.__doc__) is not None


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("my_UNet_model", "unet"),
        ("resnet50", "resnet50"),
        ("model", ""),
        ("the_student", "student"),
        ("unet", "u"),
        ("ResNet", "resnet"),
    ],
)
def test_the_word_of_a_model_is_what_its_name_says_beside(name: str, word: str) -> None:
    assert things.word_of_model(name) == word


@pytest.mark.parametrize(
    ("pattern", "text", "holds"),
    [
        (purposes.DEFINES_SCRIPT, "x = 1\ndef main():", True),
        (purposes.DEFINES_SCRIPT, "def my_training():", True),
        (purposes.DEFINES_SCRIPT, "def test_block():", True),
        (purposes.DEFINES_SCRIPT, "def forward(x):", False),
        (purposes.DEFINES_SCRIPT, "    def train(self):", False),
        (things.BINDS_MODEL, "net = ResNet()", True),
        (things.BINDS_MODEL, "m = build.it(3)", True),
        (things.BINDS_MODEL, "net = dict()", False),
        (things.BINDS_MODEL, "    net = ResNet()", False),
        (things.BINDS_MODEL, "optimizer = SGD()", False),
    ],
)
def test_a_text_holds_a_hint_or_does_not(pattern: str, text: str, holds: bool) -> None:
    assert (re.search(pattern, text, re.MULTILINE) is not None) is holds


def place(code: str, path: str) -> tuple[Module, ast.AST]:
    """Return a file, and the call of ``layer()`` in it."""
    module = parse(path, code)
    return module, module.calls_by_name["layer"][0]


PLAIN = "layer()\n"


@pytest.mark.parametrize(
    ("hint", "code", "path", "holds"),
    [
        pytest.param(around.in_test, PLAIN, "test_net.py", True, id="test-file"),
        pytest.param(around.in_test, PLAIN, "a/net_test.py", True, id="test-file-by-its-end"),
        pytest.param(around.in_test, PLAIN, "tests/net.py", False, id="folder-of-tests"),
        pytest.param(
            around.in_test, "def testify():\n    layer()\n", "net.py", True, id="test-function"
        ),
        pytest.param(
            around.in_test, "class TestA:\n    x = layer()\n", "net.py", True, id="test-class"
        ),
        pytest.param(
            around.in_test, "def run_test():\n    layer()\n", "net.py", False, id="ends-in-test"
        ),
        pytest.param(
            around.in_test_or_comparison, PLAIN, "tests/net.py", True, id="compared-in-tests"
        ),
        pytest.param(
            around.in_test_or_comparison, PLAIN, "tests/a/net.py", False, id="far-below-tests"
        ),
        pytest.param(
            around.in_test_or_comparison,
            "def testify():\n    layer()\n",
            "net.py",
            False,
            id="no-whole-word",
        ),
        pytest.param(
            around.is_frozen, "class FrozenNet:\n    x = layer()\n", "net.py", True, id="frozen"
        ),
        pytest.param(around.is_frozen, PLAIN, "frozen.py", False, id="file-is-not-asked"),
        pytest.param(
            around.is_padded,
            "def f(x):\n    x = F.pad(x)\n    return layer(x)\n",
            "net.py",
            True,
            id="padded-in-function",
        ),
        pytest.param(
            around.is_padded,
            "def g(x):\n    return F.pad(x)\ndef f(x):\n    return layer(x)\n",
            "net.py",
            False,
            id="padded-in-another",
        ),
        pytest.param(around.is_padded, "x = pad(x)\nlayer(x)\n", "net.py", True, id="in-script"),
        pytest.param(
            around.is_padded,
            "class Net:\n    def pad(self, x):\n        return F.pad(x)\n"
            "    def run(self, x):\n        return layer(x)\n",
            "net.py",
            True,
            id="padded-in-the-class",
        ),
        pytest.param(
            around.is_padded, "x = conv(x)\nlayer(x)\n", "net.py", False, id="padded-nowhere"
        ),
        pytest.param(around.in_test, PLAIN, "tests\\test_net.py", True, id="test-file-of-windows"),
        pytest.param(
            around.in_test_or_comparison, PLAIN, "tests\\net.py", True, id="tests-of-windows"
        ),
        pytest.param(around.in_test_or_comparison, PLAIN, "compare.py", True, id="comparison"),
        pytest.param(
            around.in_test_or_comparison,
            "class TestA:\n    def run(self):\n        layer()\n",
            "net.py",
            True,
            id="class-of-tests",
        ),
        pytest.param(around.in_test_or_comparison, PLAIN, "net.py", False, id="no-tests"),
        pytest.param(around.is_unit_test, PLAIN, "test_net.py", False, id="unit-test-no-function"),
        pytest.param(
            around.is_unit_test,
            "def test_net():\n    layer()\n",
            "test_net.py",
            True,
            id="unit-test-of-a-file",
        ),
        pytest.param(
            around.is_unit_test,
            "def helper():\n    layer()\n",
            "test_net.py",
            False,
            id="unit-test-helper",
        ),
        pytest.param(
            around.is_unit_test,
            "def test_net():\n    layer()\n",
            "net.py",
            False,
            id="unit-test-that-states-nothing",
        ),
        pytest.param(
            around.is_unit_test,
            "def test_net():\n    assert layer()\n",
            "net.py",
            True,
            id="unit-test-that-asserts",
        ),
        pytest.param(
            around.is_unit_test,
            "async def test_net():\n    assert layer()\n",
            "net.py",
            True,
            id="unit-test-that-waits",
        ),
        pytest.param(
            around.is_unit_test,
            "def test_net():\n    def run():\n        layer()\n    self.assertEqual(run(), 1)\n",
            "net.py",
            True,
            id="unit-test-around-a-function",
        ),
        pytest.param(
            around.is_unit_test,
            "class TestNet:\n    def run(self):\n        layer()\n",
            "net.py",
            True,
            id="unit-test-class",
        ),
    ],
)
def test_a_place_holds_a_hint_or_does_not(
    hint: Callable[[Module, ast.AST], bool], code: str, path: str, holds: bool
) -> None:
    assert hint(*place(code, path)) is holds


@pytest.mark.parametrize(
    ("code", "holds"),
    [
        ("def f():\n    assert x\n", True),
        ("def f(self):\n    self.assertEqual(x, 1)\n", True),
        ("def f():\n    check(x)\n", False),
    ],
)
def test_a_function_makes_assertions_or_does_not(code: str, holds: bool) -> None:
    assert around.makes_assertions(ast.parse(code)) is holds
