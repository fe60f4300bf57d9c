"""What people look at: tables and pictures. Pure functions from data to text or bytes."""
