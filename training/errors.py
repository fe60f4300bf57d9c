"""What stops a training, in words for whoever started it."""


class TrainingError(Exception):
    """Nothing was published; the message says why, and what to change."""


class DivergedError(TrainingError):
    """The replicate to be served has weights that are not finite numbers."""


class ExportError(TrainingError):
    """The compiled form does not answer as the SavedModel does, or one of them cannot be written."""
