"""The service's own interface, one file per resource."""
