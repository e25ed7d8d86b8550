"""What frameworks mean: one TOML table per framework, and the loader that reads them.

Every fact about a framework stands in a table. Python code asks for facts by role ("the argument
that plays eps", "the methods that switch to inference"), never by the name of a framework.
"""
