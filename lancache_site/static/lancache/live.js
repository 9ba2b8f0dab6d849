// The live page: its socket, what it says of itself, and how old its figures are.
// The htmx extension puts fragments where they belong; frames of JSON are charts'.
(() => {
  const status = document.getElementById("status");
  const state = document.getElementById("state");
  const age = document.getElementById("age");
  const interval = Number(status.dataset.interval);
  const SIGN_IN = 4401; // the close code of who may not listen any more

  let connected = false;
  let failures = 0; // since the socket was last open
  let wrapper = null; // the extension's, of the socket
  let heardAny = performance.now();
  let figuresFrom = null; // performance.now() of the newest sample's moment
  const heardAt = new Map(); // section's id -> performance.now()

  // Soon, and never all at once, however long the server is away.
  htmx.config.wsReconnectDelay = (tries) => (Math.min(500 * 2 ** tries, 5000) * (1 + Math.random())) / 2;

  document.addEventListener("htmx:wsOpen", (event) => {
    wrapper = event.detail.socketWrapper;
    heardAny = performance.now();
    connected = true;
    failures = 0;
    tell();
  });

  document.addEventListener("htmx:wsClose", async (event) => {
    connected = false;
    failures += 1;
    tell();
    // Told to go, or refused at the door: the page itself says why, once it answers.
    if (event.detail.event.code === SIGN_IN || (failures > 1 && (await refused()))) location.reload();
  });

  async function refused() {
    try {
      const answer = await fetch(location.href, { method: "HEAD", redirect: "manual" });
      return answer.type === "opaqueredirect" || answer.status === 403;
    } catch {
      return false; // nobody answers at all
    }
  }

  let focused = "";
  document.addEventListener("htmx:wsBeforeMessage", (event) => {
    const text = event.detail.message;
    heardAny = performance.now();
    if (text.startsWith("{")) {
      event.preventDefault();
      const message = JSON.parse(text);
      const newest = message.at.at(-1);
      if (newest !== undefined) figuresFrom = performance.now() - (message.now - newest) * 1000;
      document.dispatchEvent(new CustomEvent("lancache:chart", { detail: message }));
      tell();
    }
    // What is about to be replaced may hold the focus of who works by keys.
    focused = document.activeElement?.id ?? "";
  });

  document.addEventListener("htmx:wsAfterMessage", (event) => {
    for (const [, id] of event.detail.message.matchAll(/<section id="(\w+)"/g)) heardAt.set(id, performance.now());
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
  });

  function tell() {
    const seconds = figuresFrom === null ? null : Math.max(0, (performance.now() - figuresFrom) / 1000);
    const isLate = seconds === null || seconds * 1000 > 3 * interval + 1000;
    const now = !connected ? (failures ? "away" : "connecting") : isLate ? "late" : "live";
    if (now !== status.dataset.state) {
      status.dataset.state = now;
      document.body.classList.toggle("stale", now === "away" || now === "late");
      state.textContent = {
        connecting: "Connecting…",
        away: "Disconnected, trying again",
        late: seconds === null ? "Waiting for the first reading" : "No fresh reading",
        live: "Live",
      }[now];
    }
    age.textContent = seconds === null || now === "live" ? "" : `· figures are ${inWords(seconds)} old`;
    for (const section of document.querySelectorAll("section[data-expects]")) {
      const heard = heardAt.get(section.id);
      const silence = heard === undefined ? 0 : (performance.now() - heard) / 1000;
      const late = section.querySelector(".late");
      late.hidden = silence < Number(section.dataset.expects) || !section.querySelector("tbody tr");
      if (!late.hidden) late.textContent = `${inWords(silence)} old`;
    }
  }

  function inWords(seconds) {
    const whole = Math.round(seconds);
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
    return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  }

  // A network that went away without a word leaves a socket that looks open for ever.
  function comeAgain() {
    if (!connected || performance.now() - heardAny < Math.max(30_000, 5 * interval)) return;
    heardAny = performance.now();
    wrapper.reconnect();
  }

  setInterval(tell, 1000);
  setInterval(comeAgain, 1000);
})();
