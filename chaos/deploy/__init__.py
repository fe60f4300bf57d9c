"""The deployment: the real stack of docker-compose.yml, built and broken on purpose on a real Docker engine.

`python -m chaos.deploy`, or `make deploy-test`. It needs Docker with Compose, and no other service on the machine:

    stack                  a compose project: its containers, commands for them, and load from inside its network
    reference              the models in the stack's volume, and the probabilities that each version must predict
    faults                 under steady load: a killed replica, a restart, a retraining, a reload, a new image
    proxy_cache            the proxy's cached boundaries beside one replica's
    port_exhaustion        more connections than the proxy has ports
    slow_clients           slow clients beside normal ones
    hostile_environments   bad memory limits, disks, volumes and variables, one container each
    scenario               all of it, as findings
"""
