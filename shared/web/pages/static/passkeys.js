// Forms with `data-passkey`: their script asks the browser for a passkey and sends its answer.
// What cannot be done here is left hidden, and the note beside it stays.

const WORDS = {
  NotAllowedError: "Nothing was chosen, or it took too long. Try again.",
  InvalidStateError: "There is a passkey of yours on that device already. Choose another device.",
  NotSupportedError: "This device cannot keep a passkey that asks who you are. Choose another one.",
  SecurityError: "Passkeys do not work at this address. Open the site by its own name.",
};

const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer ?? [])))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const described = (list) => (list ?? []).map((each) => ({ ...each, id: toBytes(each.id) }));

class Refused extends Error {
  constructor({ code, title, detail }) {
    super(`${title}: ${detail}.`);
    this.code = code;
  }
}

async function send(address, token, body) {
  const answer = await fetch(address, {
    method: "POST",
    headers: {
      Accept: "application/json",
      "Content-Type": "application/json",
      "X-CSRF-Token": token,
    },
    body: JSON.stringify(body),
  });
  const document = await answer.json();
  if (!answer.ok) throw new Refused(document);
  return document;
}

async function create(form, options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: described(options.excludeCredentials),
    },
  });
  return {
    raw_id: toText(made.rawId),
    client_data: toText(made.response.clientDataJSON),
    attestation: toText(made.response.attestationObject),
    transports: made.response.getTransports?.() ?? [],
    name: form.elements.name.value,
  };
}

async function get(form, options) {
  const shown = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: described(options.allowCredentials),
    },
  });
  return {
    raw_id: toText(shown.rawId),
    client_data: toText(shown.response.clientDataJSON),
    authenticator_data: toText(shown.response.authenticatorData),
    signature: toText(shown.response.signature),
    user_handle: toText(shown.response.userHandle),
    then: form.elements.return.value,
  };
}

const CEREMONIES = { create, get };

async function run(form) {
  const address = form.getAttribute("action");
  const token = form.elements.csrf.value;
  const options = await send(`${address}/options`, token, {});
  const answer = await CEREMONIES[form.dataset.passkey](form, options);
  const { to } = await send(address, token, answer);
  location.assign(to);
}

function say(form, error) {
  if (error.code === "fresh_sign_in_needed") {
    location.assign(`/confirm?return=${encodeURIComponent(location.pathname)}`);
    return;
  }
  const problem = form.querySelector("[role=alert]");
  problem.textContent =
    error instanceof Refused
      ? error.message
      : (WORDS[error.name] ?? "It did not work. Load the page again and try once more.");
  problem.hidden = false;
}

function enliven(form) {
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    form.querySelector("[role=alert]").hidden = true;
    button.disabled = true;
    try {
      await run(form);
    } catch (error) {
      say(form, error);
    } finally {
      button.disabled = false;
    }
  });
  form.hidden = false;
}

if (window.PublicKeyCredential) {
  document.querySelectorAll("form[data-passkey]").forEach(enliven);
  document.querySelectorAll("[data-without-passkeys]").forEach((note) => {
    note.hidden = true;
  });
}
