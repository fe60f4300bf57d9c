"""Serving compared: this service beside an echo on the same stack, naive servers, and other serving systems."""
