"""Evidence in a file that something is trained."""

from __future__ import annotations

import ast
import re

from bnlint.frameworks.tables import Framework
from bnlint.semantics.hints import things
from bnlint.semantics.modes.switches import TRAINING
from bnlint.semantics.objects.history import switching_files
from bnlint.semantics.project.resolver import Resolver
from bnlint.semantics.project.users import users
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import ClassRef, Evaluate

#: Vocabulary words whose call means that gradients are taken or weights are handed out for it.
_WORDS = ("gradients", "apply_methods", "weights_attributes", "drivers", "driver_methods")

#: Those whose call changes weights: gradients alone may be asked for to be looked at.
_CHANGING = ("apply_methods", "drivers", "training_methods")


def trains(ev: Evaluate, module: Module) -> bool:
    """Tell whether the file takes gradients, hands weights to an optimiser or switches to training.

    The test is on the last part of names, so it errs on the side of yes.
    """
    names = {path.rpartition(".")[2] for word in _WORDS for path in ev.frameworks.word(word)}
    names -= things.COMMON
    if any(name in module.calls_by_name for name in names):
        return True
    for framework in ev.frameworks.frameworks.values():
        for method, argument in framework.modes.to_training:
            wanted = [] if argument is None else [repr(argument)]
            for call in module.calls_by_name.get(method, ()):
                given = (*call.args, *(keyword.value for keyword in call.keywords))
                if [ast.unparse(value) for value in given] == wanted:
                    return True
    return False


def takes_gradients(ev: Evaluate, module: Module) -> bool:
    """Tell whether the file takes gradients: it calls what the tables list for that."""
    names = {path.rpartition(".")[2] for path in ev.frameworks.word("gradients")}
    return any(name in module.calls_by_name for name in names)


def may_be_woken(ev: Evaluate, cls: ClassRef, framework: Framework) -> bool:
    """Tell whether anything may switch the objects of ``cls`` to training, by the texts around.

    Of a class that the project does not use, whoever imports it may.
    """
    module, resolver = cls.module, getattr(ev.project, "resolver", None)
    if resolver is None:
        return True
    found = users(resolver, module.file, cls.node.name)
    is_used = cls.node.name in module.calls_by_name or found is None or bool(found)
    return not is_used or bool(switching_files(resolver, module, framework, to=TRAINING))


def may_be_trained(ev: Evaluate, cls: ClassRef, framework: Framework) -> bool:
    """Tell whether anything may train the objects of ``cls``, as far as the project shows.

    A class of a package may be trained by whoever imports that. A class of a script is not, where
    nothing trains in the files that name it, or that these import: a demo has it for its weights.
    Where what trains in the project switches to inference for it, and nothing ever switches back,
    none of its classes is trained in training mode.
    """
    module, resolver = cls.module, getattr(ev.project, "resolver", None)
    if resolver is None:
        return True
    if _trains_as_it_infers(ev, module, resolver, framework):
        return False
    if cls.node.decorator_list:
        return True
    found = users(resolver, module.file, cls.node.name)
    if found is None or resolver.place(module.file).package:
        return True
    names = {
        path.rpartition(".")[2]
        for word in _CHANGING
        for path in ev.frameworks.word(word)
        if ev.frameworks.shares(path, word, framework)
    }
    pattern = rf"\b(?:{'|'.join(sorted(names))})\("
    training = set(resolver.sources.search(module.file, pattern))
    for file in (module.file, *(user.file for user in found)):
        if training.intersection((file, *resolver.behind(file))):
            return True
    return False


def _trains_as_it_infers(
    ev: Evaluate, module: Module, resolver: Resolver, framework: Framework
) -> bool:
    """Tell whether all that trains around ``module`` does it in inference mode, by the texts."""
    if switching_files(resolver, module, framework, to=TRAINING):
        return False
    names = {path.rpartition(".")[2] for path in ev.frameworks.word("gradients")}
    pattern = rf"\b(?:{'|'.join(sorted(names))})\("
    training = set(resolver.sources.search(module.file, pattern))
    return bool(training) and training <= set(switching_files(resolver, module, framework))


def imports_freezes(ev: Evaluate, module: Module) -> bool:
    """Tell whether the text of a file that ``module`` imports may keep weights from training."""
    resolver = getattr(ev.project, "resolver", None)
    if resolver is None:
        return False
    modes = [framework.modes for framework in ev.frameworks.frameworks.values()]
    names = sorted({row.name for one in modes for row in one.freezes})
    found = resolver.sources.search(module.file, rf"\b(?:{'|'.join(names)})\b")
    return not set(found).isdisjoint(resolver.imported(module.file))


def rests_norms_anywhere(ev: Evaluate, module: Module, framework: Framework) -> bool:
    """Tell whether the text of a file of the project may put normalisation alone into inference."""
    resolver = getattr(ev.project, "resolver", None)
    methods = "|".join(re.escape(name) for name, _ in framework.modes.to_inference)
    pattern = (
        rf"(?:isinstance\(|find\(|__name__|type\()[^\n]*Norm[^\n]*(?:\n[^\n]*)?\.(?:{methods})\("
    )
    if resolver is None:
        return False
    return bool(resolver.sources.search(module.file, pattern))


def is_trained(ev: Evaluate, module: Module, framework: Framework) -> bool:
    """Tell whether the file trains in ``framework``: takes gradients, or has a model do it."""
    return any(
        path.rpartition(".")[2] in module.calls_by_name
        and ev.frameworks.shares(path, word, framework)
        for word in ("gradients", "training_methods")
        for path in ev.frameworks.word(word)
    )
