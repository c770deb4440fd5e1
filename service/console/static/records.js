// Goes on by itself with a list that looks at all records, shows how far it is, and can be stopped.
"use strict";
(() => {
  const scan = document.querySelector("[data-scan]");
  const link = scan?.querySelector("[data-scan-next]");
  if (!link) return;
  const most = Number(scan.dataset.scan); // records, after which it waits for a decision
  const part = (name, within = scan) => within.querySelector(`[data-scan-${name}]`);
  const rows = () => scan.querySelectorAll("tbody tr").length;
  const button = part("stop"), end = part("end");
  const progress = scan.querySelector("progress");
  let running = false, limit = most;

  function show(text) {
    button.hidden = !running;
    link.hidden = running;
    end.textContent = text;
  }

  function take(page) {
    const found = page.querySelector("[data-scan], [data-live=records]");
    if (!found) throw new Error("another page");
    const fresh = found.querySelector("progress");
    if (progress && fresh) {
      progress.max = fresh.max;
      progress.value = fresh.value;
    }
    scan.querySelector("tbody").append(...found.querySelectorAll("tr[data-row]"));
    part("text").textContent = `${part("text", found)?.textContent ?? ""} Found ${rows().toLocaleString("en")}.`;
    part("found").hidden = !rows();
    const next = found.querySelector("[rel=next]");
    if (next) link.href = next.href;
    return Boolean(next);
  }

  async function run() {
    running = true;
    show("");
    let more = true;
    try {
      while (running && more && rows() < limit) {
        const answer = await fetch(link.href, {
          headers: { "X-Instep-Live": "1" }, cache: "no-store", signal: AbortSignal.timeout(20000),
        });
        if (!answer.ok) throw new Error(String(answer.status));
        more = take(new DOMParser().parseFromString(await answer.text(), "text/html"));
      }
    } catch {
      running = false;
      return show("No answer from Instep. Press Go on to try it again.");
    }
    const stopped = !running;
    running = false;
    show(!more ? (rows() ? "All records were looked at." : `Nothing found. ${scan.dataset.scanNone}`)
      : stopped ? "Stopped." : "That is much: press Go on for more, or look for less.");
    if (!more) link.hidden = true;
    limit = rows() + most;
  }

  button.addEventListener("click", () => { running = false; });
  link.addEventListener("click", (event) => { event.preventDefault(); run(); });
  run();
})();
