"""Pictures of comparisons: every run, every pair, and what they depend on. Only these modules load Matplotlib."""
