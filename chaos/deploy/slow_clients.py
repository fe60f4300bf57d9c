"""Slow clients: connections that send the proxy a byte a second, beside normal clients."""

from pathlib import Path

from chaos.deploy.reference import Reference
from chaos.deploy.stack import Stack
from chaos.soak.slow_clients import NORMAL_CLIENTS, SLOW_CONNECTIONS, Pair, normal_load, slowloris
from chaos.soak.workload import Workload


def measure_slow_clients(stack: Stack, directory: Path, rounds: int, seconds: float, seed: int) -> Pair:
    """Measure in rounds, of which every other one begins with the slow clients."""
    reference = Reference(stack, directory)
    reference.mark_rolled_out(max(reference.valid_versions(reference.models[0], 1)))
    workloads = [Workload(reference, seed + i) for i in range(NORMAL_CLIENTS)]
    normal_load(stack, workloads, seconds)  # warms up
    result = Pair()
    for i in range(rounds):
        for is_slow in (i % 2 == 0, i % 2 == 1):
            if is_slow:
                with slowloris(stack, SLOW_CONNECTIONS):
                    result.beside.append(normal_load(stack, workloads, seconds))
            else:
                result.alone.append(normal_load(stack, workloads, seconds))
    return result
