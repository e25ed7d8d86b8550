"""bnlint: a linter for batch normalisation in ported deep-learning code."""

import os

__version__ = "0.1.0"

#: The folder that holds the engine, wherever bnlint is installed or checked out.
FOLDER = os.path.dirname(os.path.abspath(__file__))
