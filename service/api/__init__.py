"""The service's own HTTP interface: one file a resource. The only place below the app that knows Flask."""
