"""Which files are read for what the other files of their project hold."""

from __future__ import annotations

import pytest
from project_files import BUILDS, Project

from bnlint.engine.packages import Packages
from bnlint.frameworks.tables import catalogue
from bnlint.semantics.project.resolver import Resolver
from bnlint.semantics.project.triage import (
    builds_norms,
    hands_over,
    makes_graph_steps,
    may_make_models,
    moves_weights,
    switches_unknown_models,
    takes_part,
)

SCRIPT = "from nets import build\nmodel = build()\nmodel.eval()\n"


@pytest.mark.parametrize(
    ("text", "nets", "hands"),
    [
        pytest.param(SCRIPT, BUILDS, True, id="a script switches what another file builds"),
        pytest.param(SCRIPT, "", False, id="that builds nothing"),
        pytest.param("from nets import build\nmodel = build()\nmodel.run()\n", BUILDS, False,
                     id="nobody switches"),
        pytest.param("from nets import build\nmodel = build()\n", f"{BUILDS}\nbn.eval()\n", True,
                     id="the other file switches"),
        pytest.param("from nets import make\nblocks = make()\n", f"{BUILDS}\nbn.eval()\n", False,
                     id="it does nothing that a script does"),
        pytest.param("from nets import build\ndef main():\n    build()\n",
                     f"{BUILDS}\nbn.eval()\n", True, id="a function for it"),
        pytest.param("from nets import build\ndef forward():\n    build()\n",
                     f"{BUILDS}\nbn.eval()\n", False, id="a function for something else"),
        pytest.param("model = build()\nmodel.eval()\n", BUILDS, False, id="it imports nothing"),
        pytest.param("from gone import build\nmodel = build()\nmodel.eval()\n", BUILDS, False,
                     id="it imports nothing of the project"),
        pytest.param(SCRIPT, "from torchvision.models import resnet18\n", True,
                     id="a ready-made model"),
    ],
)  # fmt: skip
def test_scripts_that_take_models_from_other_files(
    project: Project, text: str, nets: str, hands: bool
) -> None:
    files = project(net=text, nets=nets)
    assert hands_over(files.resolver, files.path("net"), text) is hands
    assert takes_part(files.resolver, files.place("net"), text) is hands


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("class T:\n    def f(self):\n        self.model.eval()\n", "switches"),
        ("def f(model):\n    model.eval()\n", ""),
        ("def f(model, loss):\n    model.eval()\n    loss.backward()\n", "switches"),
        ("def f(loss):\n    loss.backward()\n", ""),
        ("for a, b in zip(m.parameters(), n.parameters()):\n    a.data = b\n", "moves"),
        ("torch.save(dict(m.named_parameters()), 'x')\n", "moves"),
        ("x = list(m.parameters())\n", "moves"),
        ("x = m.parameters()\n", ""),
        ("o = tf.train.AdamOptimizer(0.1)\ns = o.minimize(loss)\n", "steps"),
        ("o = tf.train.AdamOptimizer(0.1)\n", ""),
        ("s = o.minimize(loss)\n", ""),
    ],
)
def test_files_that_deal_with_models_they_need_not_know(
    project: Project, text: str, which: str
) -> None:
    """Where a file of their project builds batch normalisation, and not else."""
    ways = {"switches": switches_unknown_models, "moves": moves_weights, "steps": makes_graph_steps}
    for nets, builds in ((BUILDS, True), ("", False)):
        files = project(net=text, nets=nets)
        assert builds_norms(files.resolver, files.path("net")) is builds
        for name, way in ways.items():
            assert way(files.resolver, files.path("net"), text) is (builds and name == which)
        assert takes_part(files.resolver, files.place("net"), text) is (builds and which != "")


def test_the_source_of_a_framework_speaks_through_its_table(project: Project) -> None:
    text = "class T:\n    def f(self):\n        self.model.eval()\n"
    files = project(torch__INIT="", torch__net=text, other=BUILDS, net=text)
    assert takes_part(files.resolver, files.place("net"), text)
    assert not takes_part(files.resolver, files.place("torch/net"), text)
    assert not may_make_models(files.resolver, files.place("torch/net"), BUILDS)
    assert may_make_models(files.resolver, files.place("net"), BUILDS)


def test_batch_normalisation_may_be_in_what_imports_lead_to(project: Project) -> None:
    """However far, in a circle, and whatever was asked before."""
    files = project(
        a="import b", b="import c\nimport d", c="import a", d="import e", e=BUILDS, x="import y",
        y="import x\nimport z", z="import y", w="from torchvision.models import resnet18",
        v="import w\nimport x",
    )  # fmt: skip
    wanted = {"a": True, "b": True, "c": True, "d": True, "e": True, "x": False, "y": False,
              "z": False, "w": True, "v": True}  # fmt: skip
    for order in (sorted(wanted), sorted(wanted, reverse=True)):
        resolver = Resolver(Packages(), frozenset(catalogue().imports))
        for name in (*order, *order):
            place = resolver.place(files.path(name))
            assert may_make_models(resolver, place, files.files[name]) is wanted[name], name


def test_an_answer_rests_on_the_same_files_whenever_it_is_asked(project: Project) -> None:
    """What an earlier answer rests on is noted again, so that a change of it is noticed."""
    files = project(a="import b", b="import c", c=BUILDS, x="import y", y="import x")
    for name, far in (("a", "c"), ("b", "c"), ("x", "y")):
        packages = Packages()
        packages.remembers = True
        resolver = Resolver(packages, frozenset(catalogue().imports))
        place, text = resolver.place(files.path(name)), files.files[name]
        noted = []
        for _ in range(3):
            with packages.noting() as grounds:
                may_make_models(resolver, place, text)
            noted.append({files.name(file) for file in grounds.files})
        assert far in noted[0]
        assert noted[1] == noted[2] == noted[0]
