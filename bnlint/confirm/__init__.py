"""Proof by execution: experiments on real layers, each framework in a process of its own."""
