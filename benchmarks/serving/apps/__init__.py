"""The apps that serve the same network beside this service, a short file each."""
