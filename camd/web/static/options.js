// Options of the camera and of MQTT: shown, changed, and tried as `camd doctor` does.

import { $, make, say } from "./dom.js";
import { change } from "./net.js";

const TITLES = { camera: "Camera", mqtt: "MQTT" };
const WORDS = {
  "camera.device": "Camera", "camera.fps": "Frames a second", "camera.every_s": "Look only so often, seconds",
  "camera.controls.power_line_hz": "Mains, hertz", "camera.controls.lock": "Hold what the camera chose",
  "mqtt.tls": "Encrypt (TLS)", "mqtt.discovery": "Home Assistant's discovery",
};

const SHORT = ["width", "height", "exposure", "gain", "focus", "white_balance"]; // two in a row

export class Options {
  /** `changed(known, said)` shows what is known after a change. */
  constructor({ changed, failed, swap }) {
    this.changed = changed;
    this.failed = failed;
    this.swap = swap;
    for (const group of Object.keys(TITLES)) {
      $(`set-${group}`).addEventListener("click", () => this.open(group));
      $(`try-${group}`).addEventListener("click", () => this.try(group));
    }
    $("options-cancel").addEventListener("click", () => this.close());
    $("options").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
  }

  show(known) {
    this.known = known;
  }

  open(group) {
    if (!this.known) return;
    this.group = group;
    say($("options-title"), TITLES[group]);
    this.inputs = new Map();
    $("option-fields").replaceChildren(...this.known.options[group].map((option) => this.row(option)));
    this.problem("");
    this.swap("options");
    $("option-fields").querySelector("input:enabled, select:enabled")?.focus({ preventScroll: true });
  }

  close() {
    const group = this.group;
    this.swap(null);
    $(`set-${group}`).focus({ preventScroll: true });
  }

  row(option) {
    const id = `set-${option.name.replaceAll(".", "-")}`;
    const about = { id, "aria-describedby": `${id}-help`, disabled: Boolean(option.fixed) };
    let input, list = null;
    if (option.type === "boolean") {
      input = make("input", { ...about, type: "checkbox" });
      input.checked = option.value === "true";
    } else if (option.type === "choice") {
      const chosen = option.choices.map((one) => make("option", { value: one }, one || "as it is"));
      input = make("select", about, ...chosen);
      input.value = option.value;
    } else {
      const suggested = option.suggested.length > 0;
      input = make("input", { ...about, placeholder: option.example, autocomplete: "off",
        autocapitalize: "none", spellcheck: "false", list: suggested ? `${id}-list` : null });
      input.value = option.value;
      if (suggested) list = make("datalist", { id: `${id}-list` }, ...option.suggested.map((one) => make("option", { value: one })));
    }
    this.inputs.set(option.name, input);
    const last = option.name.split(".").at(-1);
    const name = WORDS[option.name] ?? last[0].toUpperCase() + last.slice(1).replaceAll("_", " ");
    const check = option.type === "boolean";
    const kind = check ? " check" : SHORT.includes(last) ? " short" : "";
    return make("label", { class: `field${kind}` },
      ...(check ? [input, make("span", {}, name)] : [make("span", {}, name), input]), list,
      make("small", { id: `${id}-help` }, option.fixed || option.description));
  }

  values() {
    return Object.fromEntries([...this.inputs].filter(([, input]) => !input.disabled)
      .map(([name, input]) => [name, input.type === "checkbox" ? String(input.checked) : input.value]));
  }

  async save() {
    this.problem("");
    $("options-save").disabled = true;
    try {
      const data = { group: this.group, values: this.values(), version: this.known.version };
      const known = await change("page/setup/options", data);
      this.swap(null);
      this.changed(known, "Saved. camd goes on with it in a moment.");
    } catch (error) {
      this.problem(error.message, error.lines);
      this.failed(error);
    }
    $("options-save").disabled = false;
  }

  problem(text, lines) {
    say($("options-problem"), text);
    $("options-by-hand").hidden = !lines;
    say($("options-lines"), lines ?? "");
  }

  async try(group) {
    const list = $(`${group}-findings`);
    $(`try-${group}`).disabled = true;
    list.replaceChildren(make("li", { class: "note" }, "Trying"));
    try {
      const { findings } = await change(group === "mqtt" ? "page/setup/broker" : "page/setup/camera", {});
      list.replaceChildren(...findings.map(({ level, text, todo }) =>
        make("li", { class: level }, text, todo ? make("small", {}, todo) : null)));
    } catch (error) {
      list.replaceChildren(make("li", { class: "error" }, error.message));
      this.failed(error);
    }
    $(`try-${group}`).disabled = false;
  }
}
