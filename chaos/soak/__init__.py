"""The soak: one gunicorn with two workers serves a copy of the models, and is broken on purpose under load.

`python -m chaos.soak`, or `make soak`:

    server        gunicorn, whose workers can be killed, and their memory
    model_store   the models on its disk: new versions, broken ones, and the probabilities that each must predict
    workload      random requests, each with the check of its response
    clients       threads that send them over connections of their own and count the outcomes
    worker_probe  watches every worker, to see when all of them have changed
    faults, memory, slow_clients, shortages, over_grpc   the parts of the soak
    scenario      all parts, as findings
"""
