"""Runs the command line: ``python -m sknn_course``."""

import sys

from sknn_course._cli import main

if __name__ == "__main__":
    sys.exit(main())
