// Whether the session of this page is still alive: a page that is open when somebody signs out
// elsewhere goes away within seconds. A page that nobody looks at does not ask; it asks first
// thing when it is looked at again.
const EVERY_MS = 3000;
// A server that takes the question and says nothing is asked again after this time.
const PATIENCE_MS = 5000;

let asking = false;

async function look() {
  if (asking || document.visibilityState !== "visible") {
    return;
  }
  asking = true;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch("/session", { cache: "no-store", redirect: "error", signal });
    if (answer.status === 401) {
      const here = location.pathname + location.search;
      location.replace("/signed-out?return=" + encodeURIComponent(here));
    }
  } catch {
    // No network, or the server is away or silent: nothing of it says that the session is over.
  } finally {
    asking = false;
  }
}

setInterval(look, EVERY_MS);
document.addEventListener("visibilitychange", look);
window.addEventListener("pageshow", look);
