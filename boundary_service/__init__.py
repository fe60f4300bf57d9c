"""What a wheel installs: all packages below one name.

In a checkout this folder links to them, and they import each other as `bundle`, `client`, `service` and so on.
In a wheel it holds them, and they import each other as `boundary_service.bundle` and so on (`setup.py`).
"""
