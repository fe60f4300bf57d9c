"""What results say: intervals, paired verdicts, ranks, and the sentences for them.

Pure functions of NumPy arrays, each with its source. Training writes what they find, the service computes it anew for
another region of practical equivalence or for scores from elsewhere; neither SciPy nor TensorFlow is needed.
"""
