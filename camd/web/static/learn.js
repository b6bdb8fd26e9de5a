// The page on which crops are labelled, one key each, and learnt from.

import { $, clock, make, say, show } from "./dom.js";
import { change, get } from "./net.js";

const NONE = -1;
const FEW = 8; // crops left when more are fetched
const POLL_MS = 1000, IDLE_MS = 10000;
const WHY = { unsure: "camd was unsure", refused: "not taken for a digit", changed: "you have set another value" };

export class Learn {
  constructor(denied) {
    this.denied = denied;
    this.queue = [];
    this.done = []; // what was labelled here, so that it can be taken back
    this.known = null;
    $("labels").append(
      ...Array.from({ length: 10 }, (_, digit) => this.button(String(digit), digit, String(digit))),
      this.button("No digit", NONE, "N"),
    );
    $("skip").addEventListener("click", () => this.answer(null));
    $("unlabel").addEventListener("click", () => this.takeBack());
    $("start-learning").addEventListener("click", () => this.act("page/learn/start"));
    $("old-model").addEventListener("click", () => this.act("page/learn/back"));
    addEventListener("keydown", (event) => {
      if ($("learn").hidden || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (event.target.closest?.("input, select, textarea")) return;
      const key = event.key.toLowerCase();
      if (/^[0-9]$/.test(key)) this.answer(Number(key));
      else if (key === "n") this.answer(NONE);
      else if (key === "s") this.answer(null);
      else if (key === "u" || key === "backspace") this.takeBack();
      else return;
      event.preventDefault();
    });
  }

  button(text, label, key) {
    const shown = text === key ? text : [text, " ", make("kbd", { "aria-hidden": "true" }, key)];
    const made = make("button", { type: "button", "data-label": label }, ...[shown].flat());
    made.addEventListener("click", () => this.answer(label));
    return made;
  }

  async start() {
    if (this.running) return;
    this.running = true;
    await this.load();
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
  }

  async load() {
    clearTimeout(this.timer);
    try {
      this.told(await get("page/learn"));
      say($("learn-problem"), "");
    } catch (error) {
      this.failed(error);
    }
    if (this.running) this.timer = setTimeout(() => this.load(), this.known?.job?.running ? POLL_MS : IDLE_MS);
  }

  failed(error) {
    if (error.status === 401) this.denied();
    say($("learn-problem"), error.message);
  }

  told(known) {
    this.known = known;
    const sent = new Set([...this.queue, ...this.done].map((crop) => crop.id));
    this.queue.push(...known.crops.filter((crop) => !sent.has(crop.id)));
    this.shown();
    this.model(known);
  }

  shown() {
    const [crop] = this.queue;
    const { keeps, left, digits, others } = this.known;
    $("crop-card").hidden = !crop;
    $("no-crop").hidden = Boolean(crop);
    const empty = keeps ? "Nothing is to be labelled now. Digits that are unsure or refused appear here as camd sees them."
      : "camd keeps no digits to be labelled. To have it do so, set learn.keep = true in config.toml.";
    say($("no-crop"), empty);
    say($("label-counts"), `${left} to label, ${digits} digits and ${others} others labelled`);
    $("unlabel").disabled = !this.done.length;
    if (!crop) return;
    if ($("crop").dataset.id !== String(crop.id)) {
      $("crop").dataset.id = crop.id;
      $("crop").src = crop.crop;
      $("around").src = crop.around;
      const guess = crop.guess < 0 ? "" : crop.why === "changed" ? `, so this may be a ${crop.guess}`
        : `: ${crop.guess}, ${Math.floor(100 * crop.confidence)} %`;
      say($("crop-why"), `${WHY[crop.why]}${guess}`);
      say($("crop-where"), [crop.region, clock(crop.at)].filter(Boolean).join(", "));
    }
  }

  async answer(label) {
    const crop = this.queue.shift();
    if (!crop || !this.known) return;
    this.done.push(crop);
    this.known.left -= 1;
    if (label !== null) this.known[label < 0 ? "others" : "digits"] += 1;
    this.shown();
    try {
      await change("page/learn/label", { id: crop.id, label, skip: label === null });
    } catch (error) {
      this.failed(error);
    }
    if (this.queue.length < FEW && this.known.left > this.queue.length) this.load();
    else this.model(this.known);
  }

  async takeBack() {
    const crop = this.done.pop();
    if (!crop) return;
    this.queue.unshift(crop);
    this.shown();
    try {
      await change("page/learn/label", { id: crop.id, label: null });
    } catch (error) {
      this.failed(error);
    }
    this.load();
  }

  async act(path) {
    try {
      this.told(await change(path, {}));
      say($("learn-problem"), "");
      this.load();
    } catch (error) {
      this.failed(error);
    }
  }

  model({ model, learnt, job, digits, others }) {
    const running = Boolean(job?.running);
    const has = learnt ? "It has learnt from corrections." : "It has learnt nothing here yet.";
    say($("model-now"), `camd reads with model ${model}. ${has}`);
    $("start-learning").disabled = running || digits + others < 10;
    $("old-model").hidden = !learnt || running;
    $("progress").hidden = !running;
    say($("doing"), running ? job.doing : "");
    const report = job?.report;
    const done = report ? (report.swapped ? "The new model is better, and is used now." : `The old model stays: ${report.refused}.`) : "";
    say($("outcome"), job?.error || done);
    $("outcome").classList.toggle("unusual", Boolean(job?.error) || Boolean(report && !report.swapped));
    $("report").hidden = !report;
    if (!report) return;
    const rows = [["Your digits, not learnt before", report.own], ["Digits it is always tested with", report.standing],
      ["Other things it is tested with", report.others]].filter(([, pair]) => pair);
    show($("report-rows"), rows.map(([name, [before, after]]) => make("tr", {}, make("th", { scope: "row" }, name),
      ...[before.images, before.errors, after.errors].map((number) => make("td", {}, String(Math.round(number)))))));
  }
}
