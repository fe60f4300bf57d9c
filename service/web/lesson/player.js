// What moves: a picture's frames, played where they are seen, or chosen one by one. For those who want less motion
// nothing plays.

import { h } from "../explorer/dom.js";

const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

/** A picture that moves. `stops` are the frames worth a look of their own, the first and the last among them; `speed`
 *  is in frames a second.
 *  @typedef {{element: HTMLElement, stops: number[], speed: number, unit: string, load: () => Promise<void>,
 *  draw: (frame: number) => void, label: (frame: number) => string}} Picture */

export class Player {
  #timer = 0;
  #frame = 0;
  /** Whether any of the picture is on the screen: it waits where nobody looks, and goes on where it was. */
  #isSeen = false;

  /** @param {Picture} picture */
  constructor(picture) {
    this.picture = picture;
    this.last = picture.stops.at(-1) ?? 0;
    this.play = h("button", { type: "button", class: "play", onclick: () => this.toggle() }, "Play");
    this.back = h("button", { type: "button", "aria-label": "Back", onclick: () => this.step(-1) }, "‹");
    this.on = h("button", { type: "button", "aria-label": "On", onclick: () => this.step(1) }, "›");
    this.slider = h("input", {
      type: "range",
      min: 0,
      max: this.last,
      step: 1,
      "aria-label": picture.unit,
      oninput: () => this.seek(Number(this.slider.value)),
    });
    this.output = h("output", { "aria-live": "off" });
    this.element = h(
      "div",
      { class: "lesson-player", role: "group", "aria-label": "The picture", hidden: this.last === 0 },
      isCalm.matches ? null : this.play,
      this.back,
      this.on,
      this.slider,
      this.output,
    );
    new IntersectionObserver((entries) => (this.#isSeen = entries[entries.length - 1].isIntersecting)).observe(
      picture.element,
    );
  }

  get isPlaying() {
    return this.#timer !== 0;
  }

  /** Play from the beginning; where less motion is wanted, show the end.
   *  @param {boolean} isStill whether the end is wanted anyway */
  begin(isStill = false) {
    if (isStill || isCalm.matches || this.last === 0) this.seek(this.last);
    else {
      this.#show(0);
      this.toggle();
    }
  }

  toggle() {
    if (this.isPlaying) return this.stop();
    if (this.#frame >= this.last) this.#show(0);
    this.#timer = setInterval(() => this.#tick(), 1000 / this.picture.speed);
    this.#label();
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#label();
  }

  /** @param {number} frame */
  seek(frame) {
    this.stop();
    this.#show(frame);
  }

  /** Go to the stop before or after.
   *  @param {number} by */
  step(by) {
    const { stops } = this.picture;
    const to = by < 0 ? stops.findLast((stop) => stop < this.#frame) : stops.find((stop) => stop > this.#frame);
    if (to !== undefined) this.seek(to);
  }

  #tick() {
    if (!this.#isSeen || document.hidden) return;
    this.#show(Math.min(this.last, this.#frame + 1));
    if (this.#frame >= this.last) this.stop();
  }

  /** @param {number} frame */
  #show(frame) {
    this.#frame = frame;
    this.picture.draw(frame);
    this.slider.value = String(frame);
    const text = this.picture.label(frame);
    this.slider.setAttribute("aria-valuetext", text);
    this.output.textContent = text;
    this.back.disabled = frame <= 0;
    this.on.disabled = frame >= this.last;
  }

  #label() {
    this.play.textContent = this.isPlaying ? "Pause" : "Play";
  }
}
