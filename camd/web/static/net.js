// Talks to camd. All addresses are relative: so the page works under any path of a proxy.

let token = null;

export class Refused extends Error {
  constructor(status, { error, lines }) {
    super(error ?? `status ${status}`);
    this.status = status;
    this.lines = lines; // of config.toml, where camd could not write them itself
  }
}

/** Return {closed, token}; a token only where nobody has to log in any more. */
export async function session() {
  const found = await answer(await fetch("session"));
  token = found.token;
  return found;
}

/** Raises Refused where the password is wrong, or has to wait. */
export async function logIn(password) {
  token = (await change("session", { password })).token;
}

export async function logOut() {
  await change("session", {}, "DELETE");
  token = null;
}

export async function get(path) {
  return answer(await fetch(path));
}

export async function change(path, data, method = "POST") {
  const headers = { "content-type": "application/json", "x-camd-token": token ?? "" };
  return answer(await fetch(path, { method, headers, body: JSON.stringify(data) }));
}

/**
 * Return {marks, picture} of the picture that follows the one labelled `after`, no wider than
 * needed for `width` pixels; null where none comes for a while.
 */
export async function nextPicture(after, width, signal) {
  const query = new URLSearchParams({ after, width: String(Math.round(width)) });
  const response = await fetch(`page/picture?${query}`, { signal });
  if (response.status === 204) return null;
  if (!response.ok) await answer(response);
  const parts = await response.formData();
  return { marks: JSON.parse(parts.get("marks")), picture: parts.get("picture") };
}

async function answer(response) {
  const found = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, found);
  return found;
}
