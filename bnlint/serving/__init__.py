"""Processes that stay: what editors and coding agents ask bnlint over a pipe."""
