"""Every package that the images install has a wheel for 64-bit ARM, by the hashes of the lock files.

`make arm64-test` runs it: it asks the registry, and installs nothing.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.arm64

PLATFORM = "aarch64-manylinux_2_28"
LOCKS = ("service", "training")


def install(lock: str, version: str, *options: object) -> None:
    """Install the wheels of a lock file for ARM, by its hashes."""
    pip = [str(ROOT / ".venv/bin/uv"), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    pip += ["--only-binary=:all:", "--python-platform", PLATFORM, "--python-version", version, *map(str, options)]
    environment = {**os.environ, "UV_SYSTEM_CERTS": "1"}
    # Elsewhere, or the project's own settings of the resolver, which have no hash, would be taken for a requirement.
    subprocess.run([*pip, "-r", ROOT / f"requirements/{lock}.txt"], check=True, cwd="/", env=environment)


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_package_has_a_wheel_for_arm_by_the_lock_files_hashes(lock: str, version: str, tmp_path: Path) -> None:
    install(lock, version, "--dry-run", "--target", tmp_path)
