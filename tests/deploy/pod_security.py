"""The Pod Security Standard "restricted", as Kubernetes defines it: https://kubernetes.io/docs/concepts/security/pod-security-standards/"""

from collections.abc import Iterator

from tests.deploy.manifests import Manifest

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def violations(spec: Manifest) -> list[str]:
    """Return what a pod asks for beyond the standard. What this does not know in a security context counts as such too:
    SELinux's and Windows' options, procMount, sysctls.
    """
    return [*_of_pod(spec), *(found for container in _containers(spec) for found in _of_container(spec, container))]


def _containers(spec: Manifest) -> list[Manifest]:
    return [*spec["containers"], *spec.get("initContainers", []), *spec.get("ephemeralContainers", [])]


def _of_pod(spec: Manifest) -> Iterator[str]:
    yield from (name for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name))
    for volume in spec.get("volumes", []):
        yield from (f"volume {kind}" for kind in volume if kind != "name" and kind not in VOLUMES)
    known = {"runAsNonRoot", "runAsUser", "runAsGroup", "fsGroup", "fsGroupChangePolicy", "seccompProfile"}
    yield from sorted(set(spec.get("securityContext", {})) - known)


def _of_container(spec: Manifest, container: Manifest) -> Iterator[str]:
    own = container.get("securityContext", {})
    context = {**spec.get("securityContext", {}), **own}
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation"
    if "ALL" not in own.get("capabilities", {}).get("drop", []):
        yield "capabilities not dropped"
    if set(own.get("capabilities", {}).get("add", [])) - {"NET_BIND_SERVICE"}:
        yield "capabilities added"
    if context.get("runAsNonRoot") is not True or context.get("runAsUser") == 0:
        yield "root"
    if context.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield "seccompProfile"
    yield from ("hostPort" for port in container.get("ports", []) if port.get("hostPort"))
    known = {"allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities", "runAsNonRoot", "runAsUser",
             "runAsGroup", "seccompProfile"}  # fmt: skip
    yield from sorted(set(own) - known)
    for hook in ("startupProbe", "livenessProbe", "readinessProbe"):
        if "host" in container.get(hook, {}).get("httpGet", {}):
            yield f"{hook} of another host"
