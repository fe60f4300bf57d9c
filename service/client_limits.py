"""What clients may make a worker hold, and how long they may make it wait, over HTTP and over gRPC alike."""

MAX_HELD_BYTES = 2**28
"""Of what comes in and what goes out, in one worker over each transport: with gRPC, twice. Pieces of up to 64 KiB, of
which each connection or call has one, are not held to it. Beyond it somebody is ended or refused.
"""

CROWDED_SECONDS = 2.0
"""How long a client may make a worker wait where it is crowded, or where others wait for that."""
