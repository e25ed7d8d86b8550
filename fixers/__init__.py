"""How to write it right: one module per kind of change.

A fixer names the kind of intent it carries out in ``INTENT`` and has one function:
``rewrite(call, intent)``, from the LibCST node of a call to the node wanted, or
``edits(intent, module)``, from a file to the edits of its text. Both raise
:class:`bnlint.fixes.rewriting.Refused` where the change cannot be written.
"""
