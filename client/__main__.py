"""`python -m client`."""

import io
import sys

from client.cli import main

if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(errors="replace")  # what a terminal's encoding lacks becomes a question mark
main()
