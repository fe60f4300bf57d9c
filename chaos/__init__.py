"""What breaks the service on purpose, and checks that it keeps its promises meanwhile.

Both parts print a table of what they measured and fail where a promise is broken:

    soak    `make soak`: one gunicorn under load, with new and broken versions, kills, restarts and slow clients
    deploy  `make deploy-test`: the stack of docker-compose.yml on a real Docker engine
"""
