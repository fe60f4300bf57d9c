"""The bundle: what training writes and the service reads, defined once.

`layout` says where things lie and how they appear whole or not at all, `card` what a model says of itself, `results`
what an experiment found. This package is the only one that `training` and `service` share.
"""
