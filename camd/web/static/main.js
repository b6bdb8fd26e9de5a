// Starts the page: logs in where that is needed, and shows the part that the address names.

import { $, say } from "./dom.js";
import { History } from "./history.js";
import { Learn } from "./learn.js";
import { Live } from "./live.js";
import { logIn, logOut, session } from "./net.js";
import { SetUp } from "./setup.js";

const live = new Live(enter);
const parts = { live, history: new History(enter), learn: new Learn(enter), setup: new SetUp(enter) };
let inside = false;

async function enter() {
  let found;
  try {
    found = await session();
  } catch {
    setTimeout(enter, 2000);
    return;
  }
  inside = found.token !== null;
  $("login").hidden = inside;
  $("pages").hidden = !inside;
  $("states").hidden = !inside;
  $("log-out").hidden = !inside || !found.closed;
  if (!inside) {
    for (const [name, part] of Object.entries(parts)) {
      part.stop();
      $(name).hidden = true;
    }
    $("password").focus();
    return;
  }
  route();
}

function route() {
  if (!inside) return;
  const asked = location.hash.slice(1);
  const shown = asked in parts ? asked : "live";
  for (const name of Object.keys(parts)) $(name).hidden = name !== shown;
  for (const link of $("pages").children) {
    if (link.hash === `#${shown}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const [name, part] of Object.entries(parts)) {
    if (document.hidden || (name !== shown && part !== live)) part.stop();
  }
  if (document.hidden) return;
  live.start(shown === "live"); // the states at the top are of every part
  if (parts[shown] !== live) parts[shown].start();
}

$("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await logIn($("password").value);
    $("password").value = "";
    say($("login-problem"), "");
    await enter();
  } catch (error) {
    say($("login-problem"), error.message);
    $("password").select();
  }
});
$("log-out").addEventListener("click", async () => {
  await logOut().catch(() => {});
  enter();
});
addEventListener("hashchange", route);
// A hidden page asks for nothing: a browser has few connections to one camd.
document.addEventListener("visibilitychange", route);
enter();
