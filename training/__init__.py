"""Offline training: reads an experiment, trains its models, writes bundles that `service` serves."""
