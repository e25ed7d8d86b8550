"""What names say of code: a hint, and never a fact.

A function called ``evaluate`` most often evaluates, and nothing holds it to that. So a hint may
make bnlint look, stay silent or be less sure; what a finding states rests on what the code does and
on the framework tables. Names that a framework itself gives (its methods, its classes) are facts
and stand in its table.

``purposes`` has what functions, methods and classes are named for, ``things`` what variables,
attributes, arguments and words stand for. Both ask about one name. ``around`` asks about the names
around a place in a file.
"""
