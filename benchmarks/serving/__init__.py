"""What serving costs: this service beside an echo on the same stack, a naive server, and other serving systems."""
