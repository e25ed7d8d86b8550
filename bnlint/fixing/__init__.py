"""How fixes are applied: rounds of edits, the promises each is held to, suppressions, baselines."""
