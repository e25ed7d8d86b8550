"""Run bnlint: ``python -m bnlint``."""

import sys

# ``python -m`` puts the current folder first on the path: a rich.py or a torch/ in a linted project
# must never be imported in place of the real one.
if sys.path and sys.path[0] not in sys.path[1:]:
    del sys.path[0]

from bnlint.cli import main

if __name__ == "__main__":
    sys.exit(main())
