"""What breaks the service on purpose, and checks that it keeps its promises meanwhile.

All parts print a table of what they measured and fail where a promise is broken:

    soak     `make soak`: one gunicorn under load, with new and broken versions, kills, restarts and slow clients
    hostile  `make hostile`: one gunicorn, and a hundred thousand inputs that no client should send
    deploy   `make deploy-test`: the stack of docker-compose.yml on a real Docker engine
"""
