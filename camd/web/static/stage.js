// The picture of the camera: fetched one after the other, as fast as this browser takes them.

import { drawn, points } from "./dom.js";
import { Refused, nextPicture } from "./net.js";

const RETRY_MS = 1000;

export class Stage {
  /** `paint(marks)` draws over each picture; `lost(error)` hears that camd does not answer. */
  constructor(frame, image, canvas, paint, lost) {
    this.frame = frame;
    this.image = image;
    this.canvas = canvas;
    this.paint = paint;
    this.lost = lost;
    this.marks = null;
    this.running = null;
    new ResizeObserver(() => this.measure()).observe(frame);
  }

  start() {
    if (this.running) return;
    this.running = new AbortController();
    this.run(this.running.signal);
  }

  stop() {
    this.running?.abort();
    this.running = null;
  }

  async run(signal) {
    let after = "";
    while (!signal.aborted) {
      try {
        const width = this.frame.clientWidth * devicePixelRatio;
        const found = await nextPicture(after, width, signal);
        if (!found) continue;
        after = found.marks.label;
        await this.put(found);
      } catch (error) {
        if (signal.aborted) return;
        this.lost(error);
        if (error instanceof Refused && error.status === 401) return;
        await new Promise((done) => setTimeout(done, RETRY_MS));
      }
    }
  }

  async put({ marks, picture }) {
    const url = URL.createObjectURL(picture);
    const old = this.image.src;
    this.image.src = url;
    await this.image.decode().catch(() => {});
    if (old) URL.revokeObjectURL(old);
    const resized = String(this.marks?.size) !== String(marks.size);
    this.marks = marks;
    if (resized) this.shape(marks.size);
    this.paint(marks);
  }

  shape([width, height]) {
    this.frame.style.setProperty("--ratio", `${width} / ${height}`);
    this.frame.style.setProperty("--shape", String(width / height));
    this.canvas.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.measure();
  }

  measure() {
    if (!this.marks || !this.frame.clientWidth) return;
    // Text grows with the page's own, and is a little smaller on a small picture.
    const text = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
    const small = Math.min(1, Math.max(0.75, this.frame.clientWidth / 640));
    this.px = (text * small * this.marks.size[0]) / this.frame.clientWidth;
    this.canvas.style.setProperty("--px", String(this.px));
  }
}

/** Return the shapes for what is read: digits, regions, and with `details` what is no digit. */
export function overlay(marks, px, details) {
  const shapes = [];
  for (const mask of marks.masks) {
    shapes.push(drawn("polygon", { class: "mask", points: points(mask.outline) }));
  }
  for (const region of marks.regions) {
    const doubt = region.ok ? "" : " doubt";
    shapes.push(drawn("polygon", { class: `region${doubt}`, points: points(region.outline) }));
    const left = Math.min(...region.outline.map(([x]) => x));
    const top = Math.min(...region.outline.map(([, y]) => y));
    const y = top > 24 * px ? top - 8 * px : top + 18 * px;
    const text = `${region.name}  ${region.said}`;
    shapes.push(drawn("text", { class: region.ok ? "" : "doubt", x: left, y }, text));
  }
  if (details) {
    for (const { box, reason } of marks.rejected) {
      const place = { x: box[0], y: box[1], width: box[2], height: box[3] };
      const shape = drawn("rect", { class: "reject", "data-reason": reason, ...place });
      shape.append(drawn("title", {}, reason));
      shapes.push(shape);
    }
  }
  for (const digit of marks.digits) {
    const [x, y, width, height] = digit.box;
    const kind = digit.stable ? "box" : "box unsettled";
    shapes.push(drawn("rect", { class: kind, x, y, width, height, rx: 4 * px }));
    const sure = Math.floor(100 * digit.confidence);
    const doubt = digit.stable ? "" : " doubt";
    const at = y > 22 * px ? y - 6 * px : y + 18 * px;
    shapes.push(drawn("text", { class: doubt, x, y: at }, String(digit.digit)));
    if (details || sure < 95) {
      const below = Math.min(y + height + 15 * px, marks.size[1] - 4 * px);
      shapes.push(drawn("text", { class: `sure${doubt}`, x, y: below }, `${sure} %`));
    }
  }
  return shapes;
}
