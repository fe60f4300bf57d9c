"""Hostile inputs: whatever a client sends over whichever interface, the service refuses it or answers it, and goes on.

`python -m chaos.hostile`, or `make hostile`:

    bodies    JSON and binary tensors that are wrong, odd, deep, long, cut off or badly encoded
    heads     paths, queries, headers and whole requests of the same kinds
    sending   one input on one connection, and what is wrong with the answer
    scenario  many inputs to a server, as findings
"""
