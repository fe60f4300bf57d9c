"""What holds for every model, whoever writes or asks it. The module needs Python alone, as the client has it."""

DEFAULT_CLASSES = ("0", "1")
"""What classes are called where nobody says it; their labels are numbers then."""

DEFAULT_THRESHOLD = 0.5
"""The label is 1 if P(y = 1) is at least this."""

MAX_COORDINATE = 1e20
"""Points further out are refused, and none is trained on: LiteRT's sigmoid gives NaN from 1e26 on, where TensorFlow's
gives 0 or 1, and a network may be a million times further out than its inputs."""
