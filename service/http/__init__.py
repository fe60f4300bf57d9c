"""What every interface over HTTP shares: endpoints, bodies, responses, errors, access, the OpenAPI document."""
