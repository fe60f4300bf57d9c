"""What tests and benchmarks share: a real server of one's own, models to serve, and what the kernel knows of both.

`server` starts gunicorn, asks it and stops it; `bundles` trains, copies, publishes and spoils; `foreign` writes
SavedModels that training would not; `wheels` builds the wheel; `processes` and `ports` speak with the kernel. Linux
only.
"""
