"""What breaks the service on purpose, and checks that it keeps its promises meanwhile.

Each part prints a table of what it measured; all but `others` fail where a promise is broken:

    soak     `make soak`: one gunicorn under load, swaps, kills, restarts, slow clients and shortages
    others   `make soak-others`: other model servers, in the same ways
    hostile  `make hostile`: one gunicorn, and a hundred thousand inputs that no client should send
    deploy   `make deploy-test`: the stack of docker-compose.yml on a real Docker engine
"""
