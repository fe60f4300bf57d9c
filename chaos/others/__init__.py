"""What other model servers do under the faults that the soak tries on this one: wrong and lost answers.

`python -m chaos.others`, or `make soak-others`. All serve the same network and get the same load, one server at a time:

    subject        a server under test: started, given a new version, killed in part, restarted
    predictions    random requests in a server's request format, each with the check of its response
    hostile_bytes  what a stranger may send
    trial          each fault on each server, as a table
"""
