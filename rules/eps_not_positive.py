"""An eps of zero or below, which guards nothing.

What it does
------------
Reports an eps of 0 or below that is given to a layer, also by a name or a default. A boolean or a
bare 0 in the place of eps is BN108. Left alone are layers that normalise a weight, functions that
are given the variance (it may be known to be positive), and tests.

Why it matters
--------------
Where a channel is constant its variance is 0, and it is divided by the root of 0: outputs are nan
or infinite, and so is every weight behind them after one step. A negative eps does the same where
the variance is smaller. PyTorch raises an exception in training from 2.10 on, and not in inference.

Example
-------
Hazard:

    import torch.nn as nn

    bn = nn.BatchNorm2d(8, eps=0.0)

Clean:

    import torch.nn as nn

    bn = nn.BatchNorm2d(8, eps=1e-5)

Fix
---
None. How small the variances may be is not known.

Numbers
-------
With torch 2.13, eps 0 and eps -1 raise ValueError in training ("batch_norm eps must be positive
during training"), and -1 in inference too. In inference at eps 0, a channel whose running variance
is 0 gives nan. In Keras, a constant channel in training gives nan at eps 0, and any channel whose
variance is below 1e-3 at eps -1e-3.

References
----------
Measured with torch 2.13.0 and Keras 3.15.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.frameworks.tables import Api
from bnlint.rule import DIFFERENCE, Context, Rule, lower
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import takes_weight, training_flag
from bnlint.semantics.syntax.numbers import shown
from bnlint.semantics.values.value import Value, assumption

#: Where a reference is known, BN103 says which eps is to be written.
RULE = Rule(
    "BN113",
    "eps-not-positive",
    "warning",
    precedence=DIFFERENCE + 5,
    norms=("batch", "layer", "group", "instance", "rms"),
)


def check_file(context: Context) -> Iterator[Finding]:
    """Report an eps that is stored in layers, or that a partial holds."""
    for setting in context.settings("eps"):
        value, api = setting.value, setting.api
        if value.number is None or value.number > 0 or in_test(context.module, setting.where):
            continue
        name = api.attribute("eps") if setting.is_stored else api.roles["eps"]
        yield context.report(
            RULE,
            setting.where,
            _message(name, value, api),
            help=f"give {name} a small positive number, such as 1e-5",
            confidence=lower(RULE.confidence, (value,)),
        )


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report an eps that is zero or negative."""
    value = site.value("eps")
    if value.number is None or value.number > 0 or takes_weight(site):
        return
    if in_test(site.module, site.call) or _is_given_variance(site):
        return
    name = site.api.roles["eps"]
    yield context.report(
        RULE,
        context.place(site, value),
        _message(name, value, site.api),
        help=f"give {name} a small positive number, such as 1e-5",
        confidence=lower(RULE.confidence, (value,)),
        site=site,
        argument="eps",
    )


def _is_given_variance(site: Site) -> bool:
    """Tell whether a function may divide by a variance that the code has given it."""
    is_told = "training" in site.api.roles
    return site.api.kind == "functional" and is_told and training_flag(site).value is not True


def _message(name: str, value: Value, api: Api) -> str:
    small = "0" if value.number == 0 else "smaller"
    return (
        f"{api.short_name} has {name}={shown(value.number)}: where a variance is {small}, it gives "
        f"nan{assumption(value)}"
    )
