"""What the edges over gRPC share: messages, procedures, statuses, and the server.

Imported where GRPC_PORT is set.
"""
