"""What serves the same network beside this service: one short file each."""
