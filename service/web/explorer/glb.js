// Surfaces as GET /volume gives them: binary glTF 2.0 with one mesh of triangles, or with none.

const JSON_CHUNK = 0x4e4f534a;

/** What a file says of itself.
 *  @typedef {{features: string[], held: Record<string, string | number | null>, level: number, lowest: number,
 *  highest: number}} Extras */

/** A mesh with positions in the features' units; `scale` and `translation` make a cube from -1 to 1 of its block.
 *  @typedef {{extras: Extras, scale: number[], translation: number[], positions: Float32Array, normals: Float32Array,
 *  indices: Uint32Array}} Surface */

/** @param {ArrayBuffer} buffer
 *  @returns {Surface} */
export function parseGlb(buffer) {
  const view = new DataView(buffer);
  const length = view.getUint32(12, true);
  if (view.getUint32(16, true) !== JSON_CHUNK) throw new Error("this is not binary glTF");
  const document = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 20, length)));
  const begin = 20 + length + 8;
  const [{ scale, translation, mesh }] = document.nodes;
  /** @param {number} accessor @returns {[number, number]} where its bytes begin, and how many there are */
  const at = (accessor) => {
    const { byteOffset, byteLength } = document.bufferViews[document.accessors[accessor].bufferView];
    return [begin + byteOffset, byteLength / 4];
  };
  const primitive = mesh === undefined ? null : document.meshes[mesh].primitives[0];
  return {
    extras: document.asset.extras,
    scale,
    translation,
    positions: primitive === null ? new Float32Array() : new Float32Array(buffer, ...at(primitive.attributes.POSITION)),
    normals: primitive === null ? new Float32Array() : new Float32Array(buffer, ...at(primitive.attributes.NORMAL)),
    indices: primitive === null ? new Uint32Array() : new Uint32Array(buffer, ...at(primitive.indices)),
  };
}
