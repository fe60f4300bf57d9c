"""What servers answer of the two standards, asked by the clients that others publish.

`python -m benchmarks.conformance URL --model NAME` asks one server; `make conformance` writes docs/conformance.md.
"""
