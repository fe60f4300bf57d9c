"""The service on ARM: a Debian for that processor, emulated, with the packages of the lock file; ready, and right.

`make arm64-test` runs it, in some ten minutes: an emulated processor is twenty times as slow.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests

from client.score.local import LocalScorer
from tests.conftest import ROOT, free_port, wait_for
from tests.deploy.debian import Debian, bare_debian, emulated

pytestmark = pytest.mark.arm64

PLATFORM = "aarch64-manylinux_2_28"
LOCKS = ("service", "training")
PACKAGES = "opt/packages"
PARTS = ("bundle", "verdicts", "service", "gunicorn.conf.py")
POINTS = {"flowers": [[1.5, 0.25], [7, 2]], "prices": [[120, 3, 40, 0.1]], "round": [[0.1, 0.2, 0.3]]}
PROCESSORS_DIFFER = 1e-5
"""By how much results may, of numbers around 1: their vector units round differently."""


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


@pytest.fixture(scope="module")
def arm() -> Iterator[Debian]:
    if os.getuid() or not shutil.which("debootstrap") or not shutil.which("qemu-aarch64-static"):
        pytest.fail("this test needs root: apt install debootstrap qemu-user-static", pytrace=False)
    with emulated("arm64"), bare_debian("arm64") as made:
        made.run("apt-get install --yes --no-install-recommends python3", user="root")
        version = made.run("python3 -c 'import platform; print(*platform.python_version_tuple()[:2], sep=chr(46))'")
        install("service", version.strip(), "--target", made.root / PACKAGES)
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, made.home / part)
        yield made


@pytest.fixture(scope="module")
def url(arm: Debian, kinds_models: Path) -> Iterator[str]:
    shutil.copytree(kinds_models, arm.home / "models", symlinks=True)
    address = f"http://127.0.0.1:{(port := free_port())}"
    log = arm.root.with_suffix(".serve.log")
    settings = f"PORT={port} WEB_CONCURRENCY=1 SERVICE_DEFAULT_MODEL=flowers PYTHONPATH=/{PACKAGES}"
    process = arm.start(f"uname -m; {settings} python3 -m gunicorn --timeout 600", log)

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text(errors="replace")[-3000:]
        try:
            return requests.get(f"{address}/health/ready", timeout=60).ok
        except requests.RequestException:
            return False

    try:
        wait_for(is_ready, seconds=900)
        assert log.read_text(errors="replace").startswith("aarch64")
        yield address
    finally:
        arm.end(process)


@pytest.mark.parametrize("model", POINTS)
def test_it_predicts_what_this_processor_does(model: str, url: str, kinds_models: Path) -> None:
    scorer = LocalScorer(kinds_models, model, None)
    answer = requests.post(f"{url}/predict", json={"points": POINTS[model], "model": model}, timeout=300).json()
    name = "probabilities" if scorer.target.gives_probabilities else "values"
    right = scorer.score(np.array(POINTS[model], np.float32))
    np.testing.assert_allclose(
        np.array(answer[name], np.float32), right, rtol=PROCESSORS_DIFFER, atol=PROCESSORS_DIFFER
    )
