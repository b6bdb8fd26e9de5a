// Drawing regions and masks on the picture. camd itself says what a drawing lacks, where a new point
// belongs, and what is read there; here points are only moved.

import { $, drawn, make, points as listed, say } from "./dom.js";
import { change, get } from "./net.js";
import { Options } from "./options.js";
import { Stage } from "./stage.js";

const FIRST = ["label", "unit", "digits", "decimals", "min", "max"];
const SHORT = ["digits", "decimals", "min", "max", "max_step", "step_s"]; // two in a row
const WORDS = {
  label: "Label", unit: "Unit", digits: "Digits", decimals: "Decimals", min: "Smallest value",
  max: "Largest value", max_step: "Largest change", step_s: "within, seconds",
  never_decreasing: "Never decreasing", signed: "A minus may stand before it", device_class: "Device class",
};
const CORNERS = ["top left", "top right", "bottom right", "bottom left"];
const BOX = [[0.35, 0.4], [0.65, 0.4], [0.65, 0.6], [0.35, 0.6]];
const REACH = 14; // CSS pixels from a side within which a new point belongs to it
const KNOB = 7, HANDLE = 22; // radius, CSS pixels: what is seen, and what a finger hits
const STEP = 0.002, LEAP = 0.02; // of the picture, for the arrow keys
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const REFRESH_MS = 1000; // how often it is read again while nothing is changed

export class SetUp {
  constructor(denied) {
    this.denied = denied;
    this.known = null;
    this.place = null; // {kind, was, points, past, seen}
    this.held = null;
    this.asking = false;
    this.again = null;
    this.stage = new Stage($("draw-frame"), $("draw-picture"), $("sketch"), () => this.draw(),
      (error) => error.status === 401 && denied());
    const svg = $("sketch");
    svg.addEventListener("pointerdown", (event) => this.press(event));
    svg.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, () => this.drop());
    svg.addEventListener("keydown", (event) => this.key(event));
    addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input");
      const undo = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey);
      if (!this.place || $("setup").hidden || typing) return;
      if (undo) {
        event.preventDefault();
        this.stepBack();
      }
      if (event.key === "Escape") this.close();
    });
    $("new-region").addEventListener("click", () => this.open({ kind: "corners" }));
    $("new-mask").addEventListener("click", () => this.open({ kind: "mask" }));
    $("take-back").addEventListener("click", () => this.takeBack());
    this.others = new Options({
      changed: (known, said) => {
        this.show(known);
        say($("saved"), said);
      },
      failed: (error) => error.status === 401 && this.denied(),
      swap: (open) => this.swap(open),
    });
    $("step-back").addEventListener("click", () => this.stepBack());
    $("box").addEventListener("click", () => this.put(BOX));
    $("clear").addEventListener("click", () => this.put([]));
    $("turn").addEventListener("click", () => this.look({ turn: true }, true));
    $("cancel").addEventListener("click", () => this.close());
    $("remove").addEventListener("click", () => this.remove());
    $("shape").addEventListener("change", () => {
      this.place.kind = $("shape").value;
      const most = this.place.kind === "corners" ? this.place.points.slice(0, 4) : this.place.points;
      this.put(most);
    });
    $("editor").addEventListener("input", () => this.look());
    $("editor").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
  }

  async start() {
    if (this.running) return;
    this.running = true;
    this.stage.start();
    this.timer = setInterval(() => this.place?.seen?.done && !this.held && this.look(), REFRESH_MS);
    if (!this.place) await this.load();
  }

  stop() {
    this.running = false;
    this.stage.stop();
    clearInterval(this.timer);
  }

  async load() {
    try {
      this.show(await get("page/setup"));
    } catch (error) {
      this.failed(error, $("setup-problem"));
    }
  }

  failed(error, where) {
    if (error.status === 401) this.denied();
    say(where, error.message);
    $("by-hand").hidden = !error.lines;
    say($("lines"), error.lines ?? "");
  }

  /** Show the list of what there is. */
  show(known) {
    this.known = known;
    this.others.show(known);
    say($("setup-problem"), "");
    const rows = [...known.regions, ...known.masks].map((place) => {
      const options = place.options;
      const what = place.kind === "mask" ? "mask" : [options.label, options.unit].filter(Boolean).join(", ");
      const button = make("button", { type: "button" }, place.name, make("small", {}, what || "region"));
      button.addEventListener("click", () => this.open(place));
      return make("li", {}, button);
    });
    $("places").replaceChildren(...rows);
    $("no-places").hidden = known.regions.length > 0;
    $("take-back").hidden = !known.undoable;
    this.draw();
  }

  open(place) {
    const { kind, name = "", points = [], options = {} } = place;
    this.place = { kind, was: name, points, past: [], seen: null };
    const mask = kind === "mask";
    say($("editor-title"), name ? `${mask ? "Mask" : "Region"} ${name}` : `New ${mask ? "mask" : "region"}`);
    $("shape-field").hidden = $("more").hidden = $("seen").hidden = mask;
    $("shape").value = kind;
    $("place-name").value = name;
    $("remove").hidden = !name;
    this.form(mask ? [] : this.known.fields, options);
    $("by-hand").hidden = true;
    for (const id of ["saved", "setup-problem", "editor-problem"]) say($(id), "");
    this.swap("editor");
    $("place-name").focus({ preventScroll: true });
    this.look();
  }

  close() {
    this.place = null;
    this.held = null;
    this.swap(null);
    this.load();
  }

  /** Show the form called `open`, or what there is to choose from. */
  swap(open) {
    const editing = open === "editor";
    for (const id of ["places-card", "camera-card", "broker-card"]) $(id).hidden = open !== null;
    for (const id of ["editor", "options"]) $(id).hidden = open !== id;
    $("draw-tools").hidden = !editing;
    $("sketch").classList.toggle("drawing", editing);
    if (!editing) this.hint("");
  }

  form(fields, options) {
    this.inputs = new Map();
    const rows = fields.map((field) => this.row(field, options[field.name] ?? field.default));
    const first = FIRST.map((name) => fields.findIndex((field) => field.name === name));
    $("fields").replaceChildren(...first.filter((place) => place >= 0).map((place) => rows[place]));
    $("more-fields").replaceChildren(...rows.filter((_, place) => !first.includes(place)));
  }

  row(field, value) {
    const id = `option-${field.name}`;
    let input;
    if (field.type === "boolean") {
      input = make("input", { id, type: "checkbox" });
      input.checked = Boolean(value);
    } else if (field.type === "choice") {
      input = make("select", { id }, ...field.choices.map((one) => make("option", {}, one)));
      input.value = value;
    } else {
      const number = field.type === "integer" || field.type === "number";
      const digits = field.type === "integer" ? "numeric" : number ? "decimal" : null;
      const mode = field.words.length ? null : digits; // words need all of the keyboard
      input = make("input", { id, inputmode: mode, placeholder: field.example, autocomplete: "off" });
      input.value = value ?? "";
    }
    input.setAttribute("aria-describedby", `${id}-help`);
    const name = WORDS[field.name] ?? field.name[0].toUpperCase() + field.name.slice(1).replaceAll("_", " ");
    const problem = make("small", { class: "problem" });
    this.inputs.set(field.name, { field, input, problem });
    const kind = field.type === "boolean" ? " check" : SHORT.includes(field.name) ? " short" : "";
    return make("label", { class: `field${kind}` },
      ...(field.type === "boolean" ? [input, make("span", {}, name)] : [make("span", {}, name), input]),
      make("small", { id: `${id}-help` }, field.description.replaceAll("`", "")), problem);
  }

  /** Return the options as camd takes them; what is no number stays text, and is refused with a reason. */
  options() {
    const found = {};
    for (const [name, { field, input }] of this.inputs) {
      if (field.type === "boolean") found[name] = input.checked;
      else if (field.type === "integer" || field.type === "number") {
        const text = input.value.trim().replace(",", ".");
        const number = Number(text);
        found[name] = text === "" ? field.default : Number.isFinite(number) ? number : text;
      } else found[name] = input.value.trim() || field.default;
    }
    return found;
  }

  drawing() {
    const { kind, points } = this.place;
    return { kind, name: $("place-name").value.trim(), points, options: this.options() };
  }

  /** Ask camd about the drawing. One question at a time: of those that wait only the last counts. */
  async look(more = {}, keep = false) {
    if (!this.place) return;
    if (keep) this.keep();
    if (this.asking) {
      this.again = { ...this.again, ...more };
      return;
    }
    this.asking = true;
    const place = this.place;
    try {
      const seen = await change("page/setup/look", { ...this.drawing(), ...more });
      if (place === this.place) this.told(seen);
    } catch (error) {
      if (place === this.place) this.failed(error, $("editor-problem"));
    }
    this.asking = false;
    const again = this.again;
    this.again = null;
    if (again) this.look(again);
  }

  told(seen) {
    const place = this.place;
    place.seen = seen;
    // What a finger moves meanwhile is newer than the answer.
    if (this.held === null && !this.again) place.points = seen.points;
    const mask = place.kind === "mask";
    this.hint(seen.asks || (mask ? "Nothing is read here." : "Drag the points until the number is read right."), Boolean(seen.asks));
    if (seen.preview) $("preview").src = seen.preview;
    else $("preview").removeAttribute("src");
    const said = seen.read;
    say($("read"), said ? (said.value ?? (said.text || "–")) : "");
    const sure = said?.confidence != null ? `${Math.min(99, Math.floor(100 * said.confidence))} % sure` : "";
    say($("read-why"), said ? said.why || sure : "");
    for (const [name, { input, problem }] of this.inputs) {
      say(problem, seen.wrong[name] ?? "");
      input.setAttribute("aria-invalid", String(name in seen.wrong));
    }
    const named = $("place-name").value.trim() !== "";
    say($("name-problem"), named ? seen.wrong.name ?? "" : "");
    say($("editor-problem"), seen.wrong[""] ?? "");
    $("save").disabled = !seen.done || Object.keys(seen.wrong).length > 0;
    this.draw();
  }

  hint(text, lacking = false) {
    say($("hint"), text && text[0].toUpperCase() + text.slice(1));
    $("hint").classList.toggle("lacking", lacking);
  }

  async save() {
    if ($("save").disabled) return;
    const { was } = this.place;
    await this.changing("page/setup/save", { ...this.drawing(), was }, $("editor-problem"),
      "Saved. camd goes on with it in a moment.");
  }

  async remove() {
    const { kind, was } = this.place;
    await this.changing("page/setup/remove", { kind, name: was }, $("editor-problem"), `Removed ${was}.`);
  }

  async takeBack() {
    await this.changing("page/setup/undo", {}, $("setup-problem"), "The last change is taken back.");
  }

  async changing(path, data, where, done) {
    say(where, "");
    try {
      const known = await change(path, { ...data, version: this.known.version });
      this.place = null;
      this.swap(null);
      this.show(known);
      say($("saved"), done);
      $("new-region").focus({ preventScroll: true });
    } catch (error) {
      this.failed(error, where);
    }
  }

  // What is drawn, in shares of the picture.

  keep() {
    this.place.past.push(this.place.points);
  }

  put(points) {
    this.keep();
    this.place.points = points;
    this.look();
    this.draw();
  }

  stepBack() {
    const before = this.place?.past.pop();
    if (!before) return;
    this.place.points = before;
    this.look();
    this.draw();
  }

  share(event) {
    const box = $("sketch").getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  press(event) {
    if (!this.place || !event.isPrimary || event.button !== 0) return;
    const number = event.target.dataset?.point;
    if (number === undefined) {
      const box = $("sketch").getBoundingClientRect();
      this.look({ press: this.share(event), reach: [REACH / box.width, REACH / box.height] }, true);
      return;
    }
    event.preventDefault();
    event.target.focus({ preventScroll: true });
    $("sketch").setPointerCapture(event.pointerId);
    this.keep();
    this.held = Number(number);
  }

  drag(event) {
    if (this.held === null) return;
    this.move(this.held, this.share(event));
  }

  drop() {
    if (this.held === null) return;
    this.held = null;
    this.look();
  }

  move(number, [x, y]) {
    const inside = [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y))];
    this.place.points = this.place.points.map((point, place) => (place === number ? inside : point));
    this.draw();
    this.look();
  }

  key(event) {
    const number = event.target.dataset?.point;
    if (!this.place || number === undefined) return;
    const { kind, points } = this.place;
    const way = ARROWS[event.key];
    if (way) {
      event.preventDefault();
      if (!event.repeat) this.keep();
      const step = event.shiftKey ? LEAP : STEP;
      const [x, y] = points[number];
      this.move(Number(number), [x + step * way[0], y + step * way[1]]);
    } else if ((event.key === "Delete" || event.key === "Backspace") && (kind !== "corners" || points.length < 4)) {
      event.preventDefault();
      this.put(points.filter((_, place) => place !== Number(number)));
    }
  }

  draw() {
    const { marks, px } = this.stage;
    if (!marks || !this.known) return;
    const [wide, high] = marks.size;
    const at = ([x, y]) => [x * wide, y * high];
    const place = this.place;
    const others = [...this.known.regions, ...this.known.masks].filter((other) =>
      !place || other.name !== place.was || (other.kind === "mask") !== (place.kind === "mask"));
    const shapes = others.flatMap((other) => {
      const outline = other.points.map(at);
      const [left, top] = [0, 1].map((axis) => Math.min(...outline.map((point) => point[axis])));
      const kind = other.kind === "mask" ? "mask" : "other";
      return [drawn("polygon", { class: kind, points: listed(outline) }),
        drawn("text", { x: left + 6 * px, y: top + 19 * px }, other.name)];
    });
    refresh($("sketch-others"), shapes);
    refresh($("sketch-shape"), place ? this.shape(place, place.points.map(at), px) : []);
    refresh($("sketch-points"), place ? this.handles(place, place.points.map(at), px) : []);
  }

  shape(place, outline, px) {
    const lacking = !place.seen?.done;
    const kind = `shape${lacking ? " lacking" : ""}${place.kind === "mask" ? " hides" : ""}`;
    const shapes = [drawn(lacking && outline.length < 3 ? "polyline" : "polygon", { class: kind, points: listed(outline) })];
    for (const [x, y, width, height] of (this.held === null && place.seen?.digits) || []) {
      shapes.push(drawn("rect", { class: "box", x, y, width, height, rx: 4 * px }));
    }
    return shapes;
  }

  handles(place, outline, px) {
    const corners = place.kind === "corners";
    const lacking = place.seen?.done ? "" : " lacking";
    return outline.flatMap(([x, y], number) => {
      const name = corners && outline.length === 4 ? `${CORNERS[number]} corner` : `point ${number + 1}`;
      const [left, down] = place.points[number].map((share) => `${(100 * share).toFixed(1)} %`);
      return [
        drawn("circle", { class: "handle", "data-point": number, tabindex: 0, role: "slider", cx: x, cy: y,
          r: HANDLE * px, "aria-label": name, "aria-valuenow": Math.round(100 * place.points[number][0]),
          "aria-valuetext": `${left} from the left, ${down} from the top` }),
        drawn("circle", { class: `knob${lacking}`, cx: x, cy: y, r: KNOB * px }),
        ...(corners ? [drawn("text", { x: x + 12 * px, y: y + 20 * px }, String(number + 1))] : []),
      ];
    });
  }
}

/** Replace the shapes of a group. Where there are as many as before they only move, so that a point
    keeps the focus and the finger. */
function refresh(group, shapes) {
  const old = [...group.children];
  const same = old.length === shapes.length && old.every((one, place) => one.tagName === shapes[place].tagName);
  if (!same) {
    const focused = document.activeElement?.dataset?.point;
    const own = group.contains(document.activeElement);
    group.replaceChildren(...shapes);
    if (own) group.querySelector(`[data-point="${focused}"]`)?.focus({ preventScroll: true });
    return;
  }
  shapes.forEach((shape, place) => {
    for (const { name, value } of shape.attributes) {
      if (old[place].getAttribute(name) !== value) old[place].setAttribute(name, value);
    }
    if (old[place].textContent !== shape.textContent) old[place].textContent = shape.textContent;
  });
}
