"""Which models are there and which version answers; what experiments left beside them."""
