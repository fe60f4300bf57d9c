"""How gunicorn runs the service: its worker, the loop that reads requests, and the request log."""
