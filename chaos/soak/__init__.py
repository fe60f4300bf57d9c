"""The soak: what the service promises to keep under load, restarts, broken models and slow clients, put to the test.

`python -m chaos.soak`, or `make soak`. A real gunicorn with two workers serves a copy of the models:

    server      gunicorn, its workers, which connection belongs to which of them, and how much memory they hold
    shelf       the models on its disk: versions that come, broken ones too, and the numbers that each must answer
    questions   requests, each with what makes an answer to it wrong
    clients     threads that ask them over connections of their own, and count what comes back
    probes      a connection to each worker, to see when all of them have changed
    disturbances, memory, slowness   the three parts of the soak
    course      all of it, as figures: what was measured, what was promised
"""
