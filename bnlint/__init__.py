"""bnlint: a linter for batch normalisation in ported deep-learning code."""

from __future__ import annotations

import os
import warnings

# What Python warns of in code that is only read, such as 1if, is a matter of its author.
warnings.filterwarnings("ignore", module="<unknown>")

__version__ = "0.1.0"

#: Where the project is published, without a slash at its end; ``None``: nowhere yet. Addresses of
#: pages of rules and of the metadata follow from it.
HOME_URL: str | None = None

#: The folder that holds the engine, wherever bnlint is installed or checked out.
FOLDER = os.path.dirname(os.path.abspath(__file__))
