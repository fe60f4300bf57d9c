"""`python -m training`."""

import io
import sys

from training.cli import main

if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(errors="replace")  # what a terminal's encoding lacks becomes a question mark
main()
