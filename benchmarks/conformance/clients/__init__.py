"""One module for each published client. Each is run in a process and an environment of its own, for their generated
code clashes; each prints what it saw as JSON.
"""
