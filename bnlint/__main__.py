"""Run bnlint: ``python -m bnlint``."""

import sys

if __name__ == "__main__":  # and not in the processes that it starts, which inherit the path
    # ``python -m`` puts the current folder first on the path, unless told not to (-I, -P): a torch/
    # or a rich.py in a linted project must never be imported in place of the real one.
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        del sys.path[0]
    from bnlint.cli.main import main

    sys.exit(main())
