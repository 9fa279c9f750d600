// Whether the session of this page is still alive: a page that is open when somebody signs out
// elsewhere goes away within seconds. A page that nobody looks at does not ask; it asks first
// thing when it is looked at again.
const EVERY_MS = 3000;

let asking = false;

async function look() {
  if (asking || document.visibilityState !== "visible") {
    return;
  }
  asking = true;
  try {
    const answer = await fetch("/session", { cache: "no-store", redirect: "error" });
    if (answer.status === 401) {
      const here = location.pathname + location.search;
      location.replace("/signed-out?return=" + encodeURIComponent(here));
    }
  } catch {
    // No network, or the server is away: neither says that the session is over.
  } finally {
    asking = false;
  }
}

setInterval(look, EVERY_MS);
document.addEventListener("visibilitychange", look);
window.addEventListener("pageshow", look);
