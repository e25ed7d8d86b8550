"""The static evaluator: what an expression may be."""
