// Keeps the sheet of the day current: a stream tells when something is new. The page also asks every 15 seconds, since a stream that is open
// says nothing of a broker that is away.
const live = document.getElementById("live");
const status = document.getElementById("status");
let busy = false;
let again = false;

function since(time) {
  status.textContent = status.dataset.lost.replace("{time}", time);
  status.classList.add("lost");
}

// The focus stays where it is, and what was opened stays open.
function swap(next) {
  const focused = live.contains(document.activeElement) ? document.activeElement.id : "";
  const opened = [...live.querySelectorAll("details[open]")].map((details) => details.id);
  live.replaceChildren(...next.childNodes);
  Object.assign(live.dataset, next.dataset);
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

async function refresh() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (answer.redirected || answer.status === 403) {
      // The session has ended, or the role was taken away.
      location.reload();
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.getElementById("live");
    if (next && next.dataset.date !== live.dataset.date) {
      // Another day has begun.
      location.reload();
      return;
    }
    if (next && next.innerHTML !== live.innerHTML) swap(next);
    live.dataset.time = next.dataset.time;
    status.textContent = status.dataset.live;
    status.classList.remove("lost");
  } catch {
    since(live.dataset.time);
  } finally {
    busy = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

const source = new EventSource("/host/events");
source.addEventListener("open", refresh);
source.addEventListener("house", refresh);
source.addEventListener("day", (event) => {
  const { date } = JSON.parse(event.data);
  if (!date || date === live.dataset.date) refresh();
});
source.addEventListener("error", () => since(live.dataset.time));
setInterval(() => document.visibilityState === "visible" && refresh(), 15000);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
addEventListener("online", refresh);
addEventListener("offline", () => since(live.dataset.time));
