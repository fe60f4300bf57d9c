"""From a request, decoded, to numbers: limits, admission, evaluation, and answers that are kept."""
