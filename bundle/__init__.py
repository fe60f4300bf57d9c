"""The bundle: what training writes and the service reads, defined once.

`layout` says where things lie and how they appear whole or not at all, `card` what a model says of itself, `comparison`
what an experiment found, `columns` how that is a table, `table_files` what a table from elsewhere is. Of this package
the client takes what needs Python alone, or what it has itself.
"""
