// The live page: the picture, what is read, and how camd is doing.

import { $, clock, make, say, show } from "./dom.js";
import { change } from "./net.js";
import { Stage, overlay } from "./stage.js";

const MOST_LINES = 100;
const SILENT_MS = 5000;
const USUAL = ["open", "ended"];

export class Live {
  constructor(denied) {
    this.denied = denied;
    this.state = null;
    this.details = false;
    this.heard = 0;
    this.stage = new Stage($("frame"), $("picture"), $("marks"), () => this.paint(), (error) => {
      if (error.status === 401) denied();
    });
    $("details").addEventListener("click", () => this.toggle());
    addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input, select, textarea");
      const alone = !event.ctrlKey && !event.metaKey && !event.altKey;
      if (event.key.toLowerCase() === "d" && alone && !typing && !$("live").hidden) this.toggle();
    });
    setInterval(() => this.watch(), 1000);
    $("value-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.correct("set", $("value-given").value.trim().replace(",", "."));
    });
    $("value-forget").addEventListener("click", () => this.correct("forget"));
  }

  /** Listen to camd. `picture`: also show the live picture. */
  start(picture) {
    if (picture) this.stage.start();
    else this.stage.stop();
    if (this.events) return;
    this.events = new EventSource("page/events");
    this.events.addEventListener("state", (event) => {
      this.heard = Date.now();
      this.told(JSON.parse(event.data));
    });
    this.events.addEventListener("sign", () => {
      this.heard = Date.now();
    });
    this.events.addEventListener("log", (event) => {
      this.heard = Date.now();
      this.logged(JSON.parse(event.data));
    });
    this.events.addEventListener("error", () => {
      if (this.events?.readyState !== EventSource.CLOSED) return;
      // Refused: a session has ended, or there are too many browsers.
      this.events = null;
      this.denied();
    });
  }

  stop() {
    this.stage.stop();
    this.events?.close();
    this.events = null;
  }

  toggle() {
    this.details = !this.details;
    $("details").setAttribute("aria-pressed", String(this.details));
    $("why-card").hidden = !this.details;
    this.paint();
  }

  paint() {
    const marks = this.stage.marks;
    if (!marks) return;
    $("marks").replaceChildren(...overlay(marks, this.stage.px ?? 1, this.details));
    if (this.details) this.reasons(marks.rejected);
    this.cover();
  }

  reasons(rejected) {
    const counts = new Map();
    for (const { reason } of rejected) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    const rows = [...counts].sort(([a], [b]) => a.localeCompare(b));
    const list = $("why");
    const shown = [...list.children].map((row) => row.dataset.reason);
    if (String(shown) !== String(rows.map(([reason]) => reason))) {
      list.replaceChildren(...rows.map(([reason]) => this.row(reason)));
      if (!rows.length) list.append(make("li", { class: "muted" }, "none in this picture"));
    }
    rows.forEach(([, count], place) => say(list.children[place].lastChild, String(count)));
    if (this.sought) this.seek(this.sought);
  }

  row(reason) {
    const row = make("li", { "data-reason": reason }, make("span", {}, reason), make("span"));
    row.addEventListener("pointerenter", () => this.seek(reason));
    row.addEventListener("pointerleave", () => this.seek(null));
    return row;
  }

  seek(reason) {
    this.sought = reason;
    for (const shape of $("marks").querySelectorAll(".reject")) {
      shape.classList.toggle("found", shape.dataset.reason === reason);
    }
  }

  told(state) {
    this.state = state;
    document.title = state.name === "camd" ? "camd" : `${state.name} - camd`;
    say($("name"), state.name);
    this.states(state);
    this.reading(state);
    this.regions(state);
    this.health(state);
    this.cover();
  }

  states({ health, hanging }) {
    const camera = health?.source.state ?? "starting";
    state($("state-camera"), USUAL.includes(camera) && !hanging, "camera", hanging ? "busy" : camera);
    $("state-broker").hidden = !health?.broker;
    if (health?.broker) {
      state($("state-broker"), health.broker === "connected", "MQTT", health.broker);
    }
  }

  reading({ lines, regions, complete, live }) {
    $("reading-card").hidden = regions.length > 0;
    const rows = lines.map((line) => make("p", {}, line));
    if (!rows.length) rows.push(make("p", { class: "nothing" }, live ? "no digits" : "nothing"));
    show($("reading"), rows);
    say($("reading-note"), complete ? "" : "There may be one more digit, of which camd is not sure.");
  }

  regions({ regions }) {
    $("regions-card").hidden = regions.length === 0;
    show($("value-region"), regions.map(({ name, label }) => make("option", { value: name }, label)));
    show($("regions"), regions.map((region) => {
      const unit = region.unit && region.value !== null ? make("small", {}, ` ${region.unit}`) : null;
      const value = region.value === null ? region.text || "–" : String(region.value);
      return make("li", {},
        make("span", {}, region.label),
        make("span", { class: "value" }, value, unit),
        region.why ? make("span", { class: "why" }, region.why) : null);
    }));
  }

  /** Have camd go on from a value that somebody knows to be right, or from none. */
  async correct(how, text) {
    const region = $("value-region").value;
    const number = text === "" ? NaN : Number(text);
    say($("value-done"), "");
    try {
      if (how === "set" && !Number.isFinite(number)) throw new Error("Give a number.");
      await change(`api/region/${how}`, how === "set" ? { region, value: number } : { region });
      say($("value-problem"), "");
      say($("value-done"), how === "set" ? `Set to ${number}.` : "Forgotten.");
      $("value-given").value = "";
    } catch (error) {
      if (error.status === 401) this.denied();
      say($("value-problem"), error.message);
    }
  }

  health({ health, sourceName, model, version }) {
    if (!health) return;
    const { frames, latency_ms: late } = health;
    const rows = [
      ["Frames read", `${health.fps} a second`],
      ["Delay", `${Math.round(late.p50)} ms`],
      ["Delay, 99 of 100 frames", `${Math.round(late.p99)} ms`],
      ["Frames left out", `${frames.dropped} of ${frames.captured}`],
      ["Running for", lasted(health.uptime_s)],
      ["Camera", sourceName],
    ];
    if (frames.corrupt) rows.push(["Damaged frames", String(frames.corrupt), true]);
    if (health.reconnects) rows.push(["Camera came back", `${health.reconnects} times`]);
    rows.push(["Model", model], ["camd", version]);
    show($("health"), rows.flatMap(([name, value, odd]) =>
      [make("dt", {}, name), make("dd", { class: odd ? "unusual" : null }, value)]));
    const still = health.resting ? "nothing moves: few frames are read" : "";
    say($("pace"), health.paused ? "paused: nothing is read" : still);
  }

  logged(lines) {
    const list = $("log");
    const low = list.scrollTop + list.clientHeight >= list.scrollHeight - 4;
    for (const line of lines) {
      if (line.number <= Number(list.lastChild?.dataset.number ?? 0)) {
        if (line.number > 1) continue;
        list.replaceChildren(); // camd was started again
      }
      const at = new Date(line.at).toTimeString().slice(0, 8);
      const level = line.level === "info" ? "" : `${line.level}: `;
      list.append(make("li", { class: line.level, "data-number": line.number },
        make("time", { datetime: line.at }, at), level + line.text));
    }
    while (list.children.length > MOST_LINES) list.firstChild.remove();
    if (low) list.scrollTop = list.scrollHeight;
  }

  /** An old picture must not pass for what the camera sees now. */
  cover() {
    const gone = this.silent ? this.heard : null;
    const live = this.state?.live && !gone && this.stage.marks;
    $("frame").classList.toggle("none", !live);
    const message = $("message");
    message.classList.toggle("note", Boolean(live));
    if (live) {
      show(message, this.state.health?.paused ? ["paused"] : []);
      return;
    }
    const since = gone ? new Date(gone).toISOString() : this.state?.seen;
    const text = since ? `No picture since ${clock(since)}` : "Waiting for the first picture";
    const source = this.state?.health?.source;
    const why = gone ? "camd does not answer" : source?.error || (source ? `camera: ${source.state}` : "");
    show(message, this.state?.live && !gone ? ["Loading the picture"] : [text, make("small", {}, why)]);
  }

  watch() {
    const silent = this.heard > 0 && !document.hidden && Date.now() - this.heard > SILENT_MS;
    if (silent === this.silent) return;
    this.silent = silent;
    if (silent) state($("state-camera"), false, "camd", "does not answer");
    else if (this.state) this.states(this.state);
    this.cover();
  }
}

function state(item, usual, name, text) {
  item.classList.toggle("unusual", !usual);
  say(item, usual ? name : `${name}: ${text}`);
}

function lasted(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${Math.floor(seconds)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
