"""The bundle: what training writes and the service reads, defined once.

`layout` says where things lie and how they appear whole or not at all, `card` what a model says of itself, `comparison`
what an experiment found, `columns` how that is a table. This package is the only one that `training` and `service`
share; of it the client takes `columns` alone.
"""
