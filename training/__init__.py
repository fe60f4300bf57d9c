"""Offline training: reads an experiment, trains its models, writes bundles that `service` serves."""


class TrainingError(Exception):
    """Nothing was published; the message says why, and what to change."""
