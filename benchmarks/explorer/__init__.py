"""The explorer in a browser: how fast it is, and how it looks."""
