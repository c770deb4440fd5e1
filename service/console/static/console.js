// The console works without this script. It adds keys, live regions, local times and ranges.
"use strict";
(() => {
  const EVERY = 5000; // ms between two looks for what is new
  const STEPS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [Infinity, 86400, "d"]];
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Times: as old as they are now, and in the zone of who looks.

  function ago(seconds) {
    const far = Math.abs(seconds);
    if (far < 1) return "now";
    const [, unit, name] = STEPS.find(([below]) => far < below);
    const text = `${Math.floor(far / unit)} ${name}`;
    return seconds > 0 ? `${text} ago` : `in ${text}`;
  }

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const short = new Intl.DateTimeFormat("en-GB", {
    day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  const clock = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
  const clocks = {
    hour: new Intl.DateTimeFormat("en-GB", clock),
    day: new Intl.DateTimeFormat("en-GB", { weekday: "short", ...clock }),
  };
  const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });

  function showTimes() {
    for (const time of all("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const since = one("[data-ago]", time), absolute = one("[data-at]", time);
      if (since) since.textContent = ago((Date.now() - at) / 1000);
      if (time.dataset.local) continue;
      time.dataset.local = "1";
      time.title = `${whole.format(at)} (${zone})\n${time.title}`;
      if (absolute) absolute.textContent = short.format(at).replace(",", "");
      const hour = one("[data-clock]", time);
      if (hour) hour.textContent = clocks[hour.dataset.clock].format(at).replace(",", "");
    }
  }

  function showEnds() {
    for (const option of all("option[data-until]")) {
      const at = new Date(option.value), today = at.toDateString() === new Date().toDateString();
      option.textContent = option.dataset.until + clocks[today ? "hour" : "day"].format(at).replace(",", "");
    }
  }

  // On a narrow screen the pages are a row that scrolls: the one that is open is seen.
  one(".pages a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  // Live regions

  const liveButton = one("#live"), notice = one("#notice");
  let paused = read("paused") === "1", ended = false, lost = false, asking = false;

  function read(name) {
    try { return localStorage.getItem(`instep-${name}`); } catch { return null; }
  }
  function write(name, value) {
    try { localStorage.setItem(`instep-${name}`, value); } catch { /* forgotten with the page */ }
  }

  function say(text, link) {
    if (!notice) return;
    notice.hidden = !text;
    notice.textContent = text;
    if (!link) return;
    const anchor = document.createElement("a");
    anchor.href = link;
    anchor.textContent = "Log in again";
    notice.append(" ", anchor);
  }

  function showLive() {
    liveButton.textContent = paused || ended ? "Paused" : "Live";
    liveButton.setAttribute("aria-pressed", String(!(paused || ended)));
    liveButton.title = "Show what is new every 5 s; not while you point at it, select in it, or look elsewhere";
  }

  // Nothing may change under the pointer, the keys, or a selection.
  function isInUse(region) {
    const hovers = matchMedia("(hover: hover)").matches && region.matches(":hover");
    const text = getSelection();
    const marked = text && !text.isCollapsed && region.contains(text.anchorNode);
    return hovers || marked || region.contains(document.activeElement) || one("input[data-pick]:checked", region) !== null
      || one("details[open]", region) !== null;
  }

  async function refresh(asked) {
    if (asking || ended) return;
    const wanted = all("[data-live]").filter((region) => asked || !isInUse(region));
    if (!wanted.length) return;
    asking = true;
    try {
      const answer = await fetch(location.href, {
        headers: { "X-Instep-Live": "1" }, cache: "no-store", signal: AbortSignal.timeout(20000),
      });
      if (answer.status === 401) return end();
      if (!answer.ok) throw new Error(String(answer.status));
      replace(new DOMParser().parseFromString(await answer.text(), "text/html"), wanted, asked);
      if (lost) say("");
      lost = false;
    } catch {
      if (!lost || asked) say("No answer from Instep: what you see may be old. It goes on trying.");
      lost = true;
    } finally {
      asking = false;
    }
  }

  function end() {
    ended = true;
    showLive();
    say("Your login has ended.", location.href);
  }

  function replace(page, regions, asked) {
    const chosen = new Set(all("input[data-pick]:checked").map((box) => box.value));
    const row = document.activeElement?.closest("tr[data-row]");
    const name = row && nameOf(row);
    for (const region of regions) {
      if (!asked && isInUse(region)) continue; // meanwhile
      const fresh = one(`[data-live="${CSS.escape(region.dataset.live)}"]`, page);
      if (fresh) region.replaceChildren(...fresh.childNodes);
    }
    for (const box of picks()) box.checked = chosen.has(box.value);
    if (row && !row.isConnected) focusRow(rows().find((each) => nameOf(each) === name));
    showTimes();
    prepare();
  }

  // Rows and selections

  const rows = () => all("tr[data-row]");
  const picks = () => all("input[data-pick]");
  let last = null; // the pick that was clicked last

  const nameOf = (row) => one("input[data-pick]", row)?.value ?? one("a[href]", row)?.href;

  function current() {
    return document.activeElement?.closest("tr[data-row]") ?? one("tr.current");
  }

  function move(by) {
    const found = rows();
    if (!found.length) return;
    const at = found.indexOf(current());
    const next = found[at < 0 ? (by > 0 ? 0 : found.length - 1) : Math.min(found.length - 1, Math.max(0, at + by))];
    focusRow(next);
  }

  function focusRow(row) {
    for (const each of rows()) each.classList.toggle("current", each === row);
    if (!row) return;
    row.tabIndex = -1;
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  function count() {
    for (const form of all("form[data-bulk]")) {
      const chosen = all("input[data-pick]:checked", form).length;
      const shown = one("[data-count]", form);
      if (shown) shown.textContent = chosen ? `${chosen.toLocaleString("en")} selected` : "Those selected";
    }
    for (const box of all("input[data-all]")) {
      const own = all("input[data-pick]", box.closest("table"));
      box.checked = own.length > 0 && own.every((pick) => pick.checked);
    }
  }

  function pick(box, range) {
    const found = picks();
    const [from, to] = [found.indexOf(last), found.indexOf(box)].sort((a, b) => a - b);
    if (range && from >= 0) for (const each of found.slice(from, to + 1)) each.checked = box.checked;
    last = box;
    count();
  }

  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("input[data-pick]");
    if (box) pick(box, event.shiftKey);
  });

  document.addEventListener("change", (event) => {
    const box = event.target.closest?.("input[data-all]");
    if (!box) return;
    for (const each of all("input[data-pick]", box.closest("table"))) each.checked = box.checked;
    count();
  });

  document.addEventListener("submit", (event) => {
    // After the form was read: the button may be part of it.
    const buttons = all("button", event.target);
    if (event.target.method === "post") setTimeout(() => buttons.forEach((each) => { each.disabled = true; }));
  });

  // A page that the browser kept has its buttons as they were.
  addEventListener("pageshow", () => all("button:disabled").forEach((each) => { each.disabled = false; }));

  function prepare() {
    for (const box of all("input[data-all]")) box.hidden = false;
    count();
  }

  // Keys

  const help = one("#keys");
  const actions = {
    "/": () => { const field = one("[data-search]"); field?.focus(); field?.select(); },
    j: () => move(1),
    k: () => move(-1),
    x: () => { const box = current() && one("input[data-pick]", current()); if (box) { box.checked = !box.checked; pick(box, false); } },
    r: () => refresh(true),
    "?": () => help?.showModal(),
  };

  function isTyping(target) {
    return target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), select, textarea");
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat && !"jk".includes(event.key)) return;
    if (isTyping(event.target) || one("dialog[open]")) return;
    if (event.key === "Enter" && event.target.matches("tr[data-row]")) {
      one("a[href]", event.target)?.click();
      return;
    }
    const page = /^[a-z]$/.test(event.key) ? one(`[data-key="${event.key}"]`) : null;
    if (!actions[event.key] && !page) return;
    event.preventDefault();
    if (actions[event.key]) actions[event.key]();
    else page.click();
  });

  // Beginning

  if (liveButton && one("[data-live]")) {
    liveButton.hidden = false;
    liveButton.addEventListener("click", () => {
      if (ended) return;
      paused = !paused;
      write("paused", paused ? "1" : "0");
      showLive();
      if (!paused) refresh(false);
    });
    showLive();
    setInterval(() => { if (!paused && !document.hidden && document.hasFocus()) refresh(false); }, EVERY);
  }
  const helpButton = one("#help");
  if (helpButton && help) {
    helpButton.hidden = false;
    helpButton.addEventListener("click", () => help.showModal());
  }
  setInterval(showTimes, 10000);
  showTimes();
  showEnds();
  prepare();
})();
