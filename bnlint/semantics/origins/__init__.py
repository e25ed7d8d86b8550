"""What a project shows of the framework that its code was ported from.

A port seldom says what it is a port of. Its converters do, and a sentence at its head. ``words``
has what the tables say of how such code speaks, ``signs`` finds it in one file, ``search`` in a
project, and for which files it counts.
"""
