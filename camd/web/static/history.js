// The history page: charts of what a region said, and how fast it changed. uPlot draws them; it is
// loaded when the page is opened for the first time.

import { $, make, say, show } from "./dom.js";
import { get } from "./net.js";

const DAY = 86400;
const SPANS = { // seconds shown, and by what the change is summed up
  day: [DAY, "hour"], week: [7 * DAY, "day"], month: [31 * DAY, "day"], year: [366 * DAY, "month"],
};
const REFRESH_MS = 60000;
const HIGH = 0.3; // of the window, each chart
const ENOUGH = 12; // rows of the table

let loading = null;

function uPlot() {
  loading ??= new Promise((done, failed) => {
    document.head.append(make("link", { rel: "stylesheet", href: "static/vendor/uplot.css" }));
    const script = make("script", { src: "static/vendor/uplot.js" });
    script.addEventListener("load", () => done(window.uPlot));
    script.addEventListener("error", () => failed(new Error("the charts cannot be loaded")));
    document.head.append(script);
  });
  return loading;
}

export class History {
  constructor(denied) {
    this.denied = denied;
    this.span = "day";
    this.back = 0; // how many spans before now
    this.charts = [];
    for (const button of $("spans").children) {
      button.addEventListener("click", () => this.turn(button.dataset.span, 0));
    }
    $("earlier").addEventListener("click", () => this.turn(this.span, this.back + 1));
    $("later").addEventListener("click", () => this.turn(this.span, this.back - 1));
    $("history-region").addEventListener("change", () => this.load());
    new ResizeObserver(() => this.fit()).observe($("charts"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  async start() {
    if (this.timer) return;
    this.timer = setInterval(() => this.back === 0 && this.load(), REFRESH_MS);
    await this.load();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
  }

  turn(span, back) {
    this.span = span;
    this.back = Math.max(0, back);
    this.load();
  }

  async load() {
    const turn = (this.turns = (this.turns ?? 0) + 1);
    for (const button of $("spans").children) {
      button.setAttribute("aria-pressed", String(button.dataset.span === this.span));
    }
    $("later").disabled = this.back === 0;
    try {
      const { regions } = await get("api/regions");
      const select = $("history-region");
      const names = regions.map((region) => region.name);
      if (String([...select.options].map((one) => one.value)) !== String(names)) {
        select.replaceChildren(...regions.map(({ name, label }) => make("option", { value: name }, label)));
      }
      $("history-body").hidden = names.length === 0;
      $("no-history").hidden = names.length > 0;
      if (!names.length) return;
      const [seconds, part] = SPANS[this.span];
      const until = Date.now() / 1000 - this.back * seconds;
      const asked = { region: select.value, since: (until - seconds).toFixed(0), until: until.toFixed(0) };
      const path = (more) => `api/history${more.csv ? ".csv" : ""}?${new URLSearchParams({ ...asked, ...more.step })}`;
      const [values, rates] = await Promise.all([get(path({})), get(path({ step: { step: part } }))]);
      const Plot = await uPlot();
      if (turn !== this.turns) return;
      $("csv").href = path({ csv: true, step: { step: 0 } });
      Object.assign(this, { Plot, values, rates, part });
      say($("history-problem"), "");
      this.draw();
    } catch (error) {
      if (error.status === 401) this.denied();
      say($("history-problem"), error.message);
    }
  }

  draw() {
    if (!this.values) return;
    for (const chart of this.charts) chart.destroy();
    const { values, rates, part } = this;
    const unit = values.unit ?? "";
    say($("value-title"), unit ? `Value, ${unit}` : "Value");
    say($("rate-title"), `Change by ${part}${unit ? `, ${unit}` : ""}`);
    this.charts = [this.lines(values, unit), this.bars(rates, unit)];
    const sum = (name) => values.points.reduce((total, point) => total + point[name], 0);
    const whys = [...new Set(values.points.map((point) => point.why).filter(Boolean))];
    const refused = sum("refused") ? ` ${sum("refused")} times there was none: ${whys.join(", ")}.` : "";
    say($("history-note"), sum("good") + sum("refused") ? `${sum("good")} values noted.${refused}` : "Nothing was noted in this time.");
    const when = new Intl.DateTimeFormat(undefined, part === "hour"
      ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : part === "day"
        ? { weekday: "short", day: "numeric", month: "short" } : { month: "long", year: "numeric" });
    const rows = rates.points.slice(-ENOUGH * 3).reverse();
    show($("history-rows"), rows.map((point) => make("tr", {}, make("th", { scope: "row" }, when.format(new Date(point.at))),
      ...["value", "change", "refused"].map((name) => make("td", {}, point[name] === null ? "–" : String(point[name]))))));
  }

  lines({ points, since, until }, unit) {
    const at = points.map((point) => Date.parse(point.at) / 1000);
    const data = [at, points.map((point) => point.value), points.map((point) => point.refused || null)];
    const most = Math.max(1, ...data[2]);
    return this.chart($("value-chart"), data, [
      { label: "Value", scale: "y", stroke: colour("--accent"), width: 2, spanGaps: true, value: (_, v) => said(v, unit), points: { show: at.length < 60 } },
      { label: "Refused", scale: "no", stroke: colour("--amber"), fill: colour("--amber"), paths: this.Plot.paths.bars({ size: [0.8, 20] }), points: { show: false }, value: (_, v) => v ?? 0 },
    ], [since, until], { no: { range: [0, 8 * most] } });
  }

  bars({ points, since, until }, unit) {
    const at = points.map((point) => Date.parse(point.at) / 1000);
    const data = [at, points.map((point) => point.change)];
    const first = Math.min(Date.parse(since) / 1000, ...at);
    return this.chart($("rate-chart"), data, [
      { label: "Change", scale: "y", stroke: colour("--accent"), fill: colour("--accent"), paths: this.Plot.paths.bars({ size: [0.7, 60], align: 1 }), points: { show: false }, value: (_, v) => said(v, unit) },
    ], [new Date(1000 * first).toISOString(), until], { y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(high ?? 1, 0) * 1.05 || 1] } });
  }

  chart(place, data, series, [since, until], scales) {
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 }, font: font() };
    const text = parseFloat(getComputedStyle(document.documentElement).fontSize);
    return new this.Plot({
      ...this.size(),
      series: [{ value: (_, v) => (v == null ? "" : new Date(1000 * v).toLocaleString(undefined, { hourCycle: "h23" })) }, ...series],
      scales: { x: { range: [Date.parse(since) / 1000, Date.parse(until) / 1000] }, ...scales },
      axes: [{ ...axis, size: 3 * text, space: 4.5 * text, values: ticks }, { ...axis, size: 4.5 * text, space: 2.5 * text }],
      cursor: { y: false },
    }, data, place);
  }

  size() {
    return { width: Math.max(200, $("charts").clientWidth - 2), height: Math.max(150, Math.round(HIGH * innerHeight)) };
  }

  fit() {
    for (const chart of this.charts) chart.setSize(this.size());
  }
}

function ticks(_, moments, __, ___, step) {
  const month = new Intl.DateTimeFormat(undefined, { month: "short" });
  const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
  const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return moments.map((moment) => {
    const at = new Date(1000 * moment);
    const midnight = at.getHours() === 0 && at.getMinutes() === 0;
    return (step >= 28 * DAY ? month : step >= DAY || midnight ? day : hour).format(at);
  });
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const font = () => `${0.8 * parseFloat(getComputedStyle(document.documentElement).fontSize)}px system-ui, sans-serif`;
const said = (value, unit) => (value == null ? "–" : `${value} ${unit}`.trim());
