"""The deployment put to the test: the real stack of docker-compose.yml, built and broken on a real Docker engine.

`python -m chaos.deploy`, or `make deploy-test`. It needs Docker with Compose, and nothing on the machine but that.

    stack         a compose project: its containers, what is done to them, and load from inside its network
    reference     the models in the stack's volume, and the numbers that each version must answer
    disturbances  a replica killed, one restarted, a retraining, a reload, a new image, under steady load
    boundaries    the proxy's cache beside one replica's own
    connections   more of them than the proxy has ports
    adversity     memory, disk, volumes and environments as they should not be; one container each
    slowness      slow clients beside usual ones
    course        all of it, as figures: what was measured, what was promised
"""
