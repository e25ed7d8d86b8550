"""bnlint: a linter for batch normalisation in ported deep-learning code."""

__version__ = "0.1.0"
