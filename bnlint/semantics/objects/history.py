"""The life of an object: everything that is done with it from where it is made.

A mode rule may speak only where the whole life is in view. A life is in view if every use of the
object, of the variables and attributes that hold it, of the parameters it is passed to and of the
functions that return it is of a kind that is understood; one use that is not (stored in a
container, passed to code that is not of the project) ends the view.
"""

from __future__ import annotations

import ast

from bnlint.semantics.objects.events import WHOLE, Life, in_order
from bnlint.semantics.objects.factories import factory_of
from bnlint.semantics.objects.follow import Follower
from bnlint.semantics.objects.holders import replaced
from bnlint.semantics.objects.passing import passed
from bnlint.semantics.objects.walk import Walk
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import Evaluate
from bnlint.semantics.values.memo import Memo

_LIVES: Memo[tuple[ast.Call, int], Life] = Memo()


def life_of(ev: Evaluate, module: Module, made: ast.Call, position: int = -1) -> Life:
    """Return the life of the object that the call ``made`` in ``module`` makes.

    Where it calls a function of another file that makes the object, what happens there comes first.
    Of a function that returns a tuple, the object is the element at ``position``.
    """
    known, key = _LIVES.of(ev), (made, position)
    if key not in known:
        walk = Walk(ev)
        follower = Follower(walk, module)
        factory = factory_of(ev, module, made)
        if factory is None:
            follower.start(made)
        else:
            follower.start_in(factory, made, position)
        follower.follow_variables()
        for owner in walk.owners:
            if not walk.escapes and (name := replaced(ev, owner)):
                walk.escapes = f"self.{name} of {owner.cls.node.name} may hold another object"
        known[key] = Life(tuple(sorted(dict.fromkeys(walk.uses), key=in_order)), walk.escapes)
    return known[key]


def life_in_call(ev: Evaluate, module: Module, call: ast.Call, given: ast.expr) -> Life:
    """Return what becomes of the object ``given`` in ``call``, which takes it as an argument."""
    walk = Walk(ev)
    follower = Follower(walk, module)
    passed(follower, given, call, WHOLE)
    follower.follow_variables()
    return Life(tuple(sorted(dict.fromkeys(walk.uses), key=in_order)), walk.escapes)
