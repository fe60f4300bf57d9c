"""Studies: the same training for every combination of some factors, on one machine or many."""
