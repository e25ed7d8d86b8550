"""How far a change reaches: who else takes a value that is written in one place."""

from __future__ import annotations

import ast

from bnlint.files.display import current, displayed
from bnlint.finding import MANUAL, SAFE, UNSAFE
from bnlint.fixes.definitions import defined_name, loads
from bnlint.frameworks.tables import Api
from bnlint.rule import Context
from bnlint.semantics.syntax.module import FunctionNode, Module
from bnlint.startup.typed import NamedTuple


class Impact(NamedTuple):
    """The most that a change may count as, and what stands in the way of more."""

    applicability: str
    reason: str = ""


#: Nobody else takes the value.
ALONE = Impact(SAFE)


def of_value(context: Context, node: ast.expr) -> Impact:
    """Return how far a change of ``node``, a value of a layer of a file, reaches.

    A value inside a dictionary reaches every call that takes the dictionary's entries. What is
    defined for a whole file under a public name may be imported by others, or inherited.
    """
    module, layers = context.module, context.layers
    whole: ast.expr = node
    display = _display(module, node)
    if display is not None:
        parent = module.parents.get(display)
        if isinstance(parent, ast.keyword) and parent.arg is None:  # **dict(...), in place
            return ALONE
        name = defined_name(module, display)
        if not name:
            return Impact(UNSAFE, "what else takes its value from the dictionary is not known")
        for use in loads(module, display, name):
            splat = module.parents.get(use)
            if not isinstance(splat, ast.keyword) or splat.arg is not None:
                return Impact(MANUAL, f"{name} serves more than this layer")
            if module.parents.get(splat) not in layers:
                return Impact(MANUAL, f"{name} serves more than this layer")
        whole = display
    name = defined_name(module, whole)
    if name and not name.startswith("_") and _is_importable(module, whole):
        return Impact(UNSAFE, _who_takes(context, whole, name))
    return ALONE


def _who_takes(context: Context, value: ast.expr, name: str) -> str:
    """Return who else takes what a file defines as ``name``, as far as the project shows it."""
    module = context.module
    users = context.project.users(module, name) if module.file else None
    if users is None or module.enclosing_class(value) is not None:
        return f"other files may take {name} from this one"
    others = sorted({displayed(user.file, current()) for user, _ in users})
    if not others:
        return f"no other file of this project takes {name}, but others may"
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return f"{others[0]}{more} may take {name} too"


def of_keyword(module: Module, call: ast.Call, name: str) -> Impact:
    """Return how far a new keyword argument ``name`` of ``call`` reaches.

    A call inside a function that passes its own keywords on is made by each caller of that
    function, and fails for one that gives ``name`` itself.
    """
    function = module.enclosing_function(call)
    if not isinstance(function, FunctionNode) or isinstance(function, ast.Lambda):
        return ALONE
    rest = function.args.kwarg.arg if function.args.kwarg is not None else ""
    if not rest or not any(
        keyword.arg is None and isinstance(keyword.value, ast.Name) and keyword.value.id == rest
        for keyword in call.keywords
    ):
        return ALONE
    called = {function.name}
    if (owner := module.enclosing_class(function)) is not None:
        called.add(owner.name)
    for other in (c for made in called for c in module.calls_by_name.get(made, ())):
        if any(keyword.arg == name for keyword in other.keywords):
            return Impact(MANUAL, f"{name} is passed in **{rest} by line {other.lineno}")
    return Impact(UNSAFE, f"a caller may pass {name} in **{rest}")


def of_wrapper(api: Api, name: str) -> Impact:
    """Return how far a new keyword argument ``name`` is worth writing in a call of ``api``.

    A wrapper that a project declares need not take what the API that it is like takes, unless its
    declaration names the argument.
    """
    if not api.like or name in api.own_names:
        return ALONE
    return Impact(UNSAFE, f"{api.short_name} is declared without saying that it takes {name}")


def _display(module: Module, node: ast.expr) -> ast.expr | None:
    """Return the dictionary, as ``{...}`` or ``dict(...)``, that ``node`` is a value of."""
    parent = module.parents.get(node)
    if isinstance(parent, ast.Dict):
        return parent
    if isinstance(parent, ast.keyword):
        call = module.parents.get(parent)
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Name)
            and call.func.id == "dict"
        ):
            return call
    return None


def _is_importable(module: Module, node: ast.expr) -> bool:
    """Tell whether what ``node`` is the value of is a name of the file or of a class."""
    return (
        isinstance(module.parents.get(node), (ast.Assign, ast.AnnAssign))
        and module.enclosing_function(node) is None
    )
