// Turning a scene: by mouse, by one finger or two, by the keyboard.

/** @typedef {import("./scene.js").Scene} Scene */

const PIXELS = 120; // a radian
const TURN = 0.12; // radians a key
const ZOOM = 1.1;

/** By key: how far around, how far up, how much larger.
 *  @type {Record<string, [number, number, number]>} */
const KEYS = {
  ArrowLeft: [-TURN, 0, 1],
  ArrowRight: [TURN, 0, 1],
  ArrowUp: [0, -TURN, 1],
  ArrowDown: [0, TURN, 1],
  "+": [0, 0, ZOOM],
  "=": [0, 0, ZOOM],
  "-": [0, 0, 1 / ZOOM],
};

/** Have a scene turned by what happens on its canvas.
 *  @param {HTMLCanvasElement} canvas @param {() => Scene | null} scene */
export function turnedBy(canvas, scene) {
  /** @type {Map<number, PointerEvent>} */
  const pointers = new Map();
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event);
  };
  canvas.onpointermove = (event) => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) return;
    const other = [...pointers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    if (other !== undefined) scene()?.by(0, 0, apart(event, other) / Math.max(1, apart(before, other)));
    else scene()?.by((event.clientX - before.clientX) / PIXELS, (event.clientY - before.clientY) / PIXELS);
    pointers.set(event.pointerId, event);
  };
  canvas.onpointerup = canvas.onpointercancel = (event) => pointers.delete(event.pointerId);
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return; // the page scrolls
    event.preventDefault();
    scene()?.by(0, 0, Math.exp(-event.deltaY / 300));
  });
  canvas.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const change = KEYS[event.key];
    if (change !== undefined) scene()?.by(...change);
    else if (event.key === "0") scene()?.reset();
    else return;
    event.preventDefault();
  };
}

/** @param {PointerEvent} a @param {PointerEvent} b */
const apart = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
