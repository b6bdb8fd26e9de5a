// Starts the page: logs in where that is needed, and shows the part that the address names.

import { $, say } from "./dom.js";
import { Live } from "./live.js";
import { logIn, logOut, session } from "./net.js";
import { SetUp } from "./setup.js";

const PARTS = ["live", "setup"];
const live = new Live(enter);
const setUp = new SetUp(enter);
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
    live.stop();
    setUp.stop();
    for (const part of PARTS) $(part).hidden = true;
    $("password").focus();
    return;
  }
  route();
}

function route() {
  if (!inside) return;
  const asked = location.hash.slice(1);
  const part = PARTS.includes(asked) ? asked : "live";
  for (const one of PARTS) $(one).hidden = one !== part;
  for (const link of $("pages").children) {
    if (link.hash === `#${part}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (document.hidden) {
    live.stop();
    setUp.stop();
    return;
  }
  live.start(part === "live");
  if (part === "setup") setUp.start();
  else setUp.stop();
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
