"""Surfaces as binary glTF 2.0 (https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html): one mesh in one file."""

import struct
from collections.abc import Mapping, Sequence

import numpy as np
import orjson
from numpy.typing import NDArray

from service.dataplane.surface import Surface

MAGIC, VERSION = b"glTF", 2
JSON_CHUNK, BINARY_CHUNK = b"JSON", b"BIN\0"
FLOAT, UNSIGNED_INT = 5126, 5125
VERTICES, INDICES = 34962, 34963
"""WebGL's numbers of component types and buffers' targets."""

MATERIAL = {
    "doubleSided": True,
    "pbrMetallicRoughness": {"baseColorFactor": [0.55, 0.65, 0.8, 1], "metallicFactor": 0, "roughnessFactor": 0.7},
}


def glb(surface: Surface, spans: Sequence[tuple[float, float]], extras: Mapping[str, object]) -> bytes:
    """Return a surface as a file. Its positions are in the features' units, and its node makes a cube from -1 to 1 of
    the box that they span, so that a viewer sees it whole, whatever the units are. Without triangles there is no mesh.

    Args:
        surface: the mesh.
        spans: where the axes x, y and z begin and end.
        extras: what the file says of itself, in `asset.extras`.
    """
    document: dict[str, object] = {
        "asset": {"version": "2.0", "generator": "boundary-service", "extras": extras},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "surface", **_into_cube(spans)}],
    }
    if not len(surface.triangles):
        return _file(document, b"")
    positions, normals = (array.astype("<f4") for array in (surface.vertices, surface.normals))
    indices = surface.triangles.astype("<u4").ravel()
    document["nodes"] = [{"name": "surface", "mesh": 0, **_into_cube(spans)}]
    document["meshes"] = [{"primitives": [{"attributes": {"POSITION": 0, "NORMAL": 1}, "indices": 2, "material": 0}]}]
    document["materials"] = [MATERIAL]
    document["accessors"] = [
        {**_accessor(0, "VEC3", FLOAT, len(positions)), **_range(positions)},
        _accessor(1, "VEC3", FLOAT, len(normals)),
        _accessor(2, "SCALAR", UNSIGNED_INT, len(indices)),
    ]
    parts = ((positions.tobytes(), VERTICES), (normals.tobytes(), VERTICES), (indices.tobytes(), INDICES))
    views, offset = [], 0
    for part, target in parts:
        views.append({"buffer": 0, "byteOffset": offset, "byteLength": len(part), "target": target})
        offset += len(part)
    document["bufferViews"], document["buffers"] = views, [{"byteLength": offset}]
    return _file(document, b"".join(part for part, _ in parts))


def _into_cube(spans: Sequence[tuple[float, float]]) -> dict[str, object]:
    scale = [2 / (high - low) for low, high in spans]
    return {"scale": scale, "translation": [-(low + high) / (high - low) for low, high in spans]}


def _accessor(view: int, kind: str, component: int, count: int) -> dict[str, object]:
    return {"bufferView": view, "type": kind, "componentType": component, "count": count}


def _range(positions: NDArray[np.float32]) -> dict[str, object]:
    """Return the bounds that an accessor of positions must have."""
    return {"min": positions.min(axis=0).tolist(), "max": positions.max(axis=0).tolist()}


def _file(document: Mapping[str, object], binary: bytes) -> bytes:
    content = orjson.dumps(document)
    chunks = _chunk(JSON_CHUNK, content, b" ") + (_chunk(BINARY_CHUNK, binary, b"\0") if binary else b"")
    return MAGIC + struct.pack("<II", VERSION, 12 + len(chunks)) + chunks


def _chunk(kind: bytes, content: bytes, padding: bytes) -> bytes:
    padded = content + padding * (-len(content) % 4)
    return struct.pack("<I", len(padded)) + kind + padded
