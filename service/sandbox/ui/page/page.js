// The page at /: asks once a second what there is, and shows what has changed since.
// Whatever comes from an item goes into the page as text, never as markup.
"use strict";

const WEB = new URLSearchParams(location.search).get("pictures") === "web";

const $ = (id) => document.getElementById(id);
const rows = new Map(); // item id: {tr, cells: {slug: [td, what it shows]}}
let wanted = new URLSearchParams(location.hash.slice(1));
let shownFor = null; // the question that the rows answer
let [etag, data] = [null, null];
let asked = 0; // number of the latest question: an older answer is not shown
let waiting = 0; // questions without an answer: a slow sandbox is not asked again meanwhile

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function put(id, values) { // only what is new: a status that is set is read out
  for (const [key, value] of Object.entries(values)) if ($(id)[key] !== value) $(id)[key] = value;
}

const isWeb = (url) => /^https?:\/\//i.test(url);

const KINDS = {
  text: (cell) => el("span", { class: "text" }, cell.text),
  number: (cell) => el("span", { class: "number" }, cell.text),
  switch: (cell) => el("span", { class: cell.on ? "yes" : "no" }, `${cell.on ? "✓" : "–"} ${cell.text}`),
  time: (cell) => el("time", { datetime: cell.exact, title: `${cell.exact} (UTC)` }, cell.text),
  option: (cell) => el("span", { class: "chip" }, cell.text),
  color: (cell) => el("span", {}, swatch(cell.text), el("code", {}, cell.text)),
  link: (cell) => isWeb(cell.text)
    ? el("a", { class: "text", href: cell.text, rel: "noreferrer noopener", target: "_blank" }, cell.text)
    : KINDS.text(cell),
  pictures: (cell) => el("span", {}, ...cell.files.map(picture)),
  files: (cell) => el("span", {}, ...cell.files.map((file) => el("span", { class: "chip", title: file.source }, file.name))),
  references: (cell) => el("span", {}, ...cell.names.map((name) => el("span", { class: "chip to" }, name))),
};

function swatch(backgroundColor) {
  const made = el("span", { class: "swatch", "aria-hidden": "true" });
  return Object.assign(made.style, { backgroundColor }) && made;
}

function picture(file) {
  const src = WEB && isWeb(file.source) ? file.source : `/_sandbox/picture/${encodeURIComponent(file.id)}`;
  const image = el("img", { src, alt: file.alt || file.name, loading: "lazy", width: 84, height: 63 });
  return el("figure", { title: file.source }, image, el("figcaption", {}, file.name));
}

function show(cell) {
  return cell ? (KINDS[cell.kind] || KINDS.text)(cell) : el("span", { class: "none", title: "empty" }, "—");
}

// The staged value, and the live one below it where it is another.
function both(item, slug, shown = show) {
  const staged = item.cells[slug];
  if (!(slug in item.live)) return [shown(staged)];
  const one = (kind, cell) => el("div", { class: kind }, el("span", { class: "tag" }, kind), shown(cell));
  return [el("div", { class: "pair" }, one("staged", staged), one("live", item.live[slug]))];
}

function title(item) {
  const name = (cell) => {
    const made = el("button", { type: "button", class: "open" }, cell ? cell.text : item.id);
    return Object.assign(made, { onclick: () => want({ item: item.id }) });
  };
  const slug = (cell) => el("div", { class: "slug" }, cell ? cell.text : "—");
  const pill = el("span", { class: "pill", "data-status": item.status }, item.status);
  return [...both(item, "name", name), ...both(item, "slug", slug), pill];
}

// [key, heading, what is compared to see a change, how it is shown] of each column.
function columns() {
  const fields = data.columns.filter((one) => one.slug !== "name" && one.slug !== "slug");
  return [
    ["_title", "Item", (item) => [item.cells.name, item.cells.slug, item.live.name, item.live.slug, item.status], title],
    ...fields.map(({ slug, name }) => [slug, name, (item) => [item.cells[slug], item.live[slug]], (item) => both(item, slug)]),
    ["_updated", "Updated", (item) => item.updated, (item) => [el("span", { class: "when" }, item.updated)]],
    ["_published", "Published", (item) => item.published, (item) => [el("span", { class: "when" }, item.published || "never")]],
  ];
}

function light(cell) {
  for (const animation of cell.getAnimations()) animation.cancel();
  cell.classList.remove("flash");
  requestAnimationFrame(() => cell.classList.add("flash"));
}

function fillRow(row, item, table, quiet) {
  table.forEach(([key, heading, compared, shown], index) => {
    const now = JSON.stringify(compared(item) ?? null);
    let cell = row.tr.children[index];
    if (!cell) cell = row.tr.appendChild(el("td", { "data-label": heading }));
    if (row.cells[key] === now) return;
    const known = key in row.cells;
    row.cells[key] = now;
    cell.replaceChildren(...shown(item));
    cell.classList.toggle("blank", !key.startsWith("_") && !item.cells[key] && !(key in item.live));
    if (!quiet || known) light(cell);
  });
}

function showItems() {
  const [head, body] = ["thead", "tbody"].map((tag) => document.querySelector(`#items ${tag}`));
  const question = `${data.collection} ${wanted}`.replace(/&?item=[^&]*/, "");
  const schema = JSON.stringify(data.columns);
  const [quiet, table] = [question !== shownFor || head.dataset.schema !== schema, columns()];
  if (quiet) {
    rows.clear();
    body.replaceChildren();
    head.dataset.schema = schema;
    head.replaceChildren(el("tr", {}, ...table.map(([, heading]) => el("th", { scope: "col" }, heading))));
    shownFor = question;
  }
  const focused = document.activeElement?.closest?.("#items tr");
  const here = new Set(data.items.map((item) => item.id));
  for (const [id, row] of rows) if (!here.has(id)) { row.tr.remove(); rows.delete(id); }
  data.items.forEach((item, index) => {
    if (!rows.has(item.id)) rows.set(item.id, { tr: el("tr"), cells: {} });
    const row = rows.get(item.id);
    fillRow(row, item, table, quiet);
    if (body.children[index] !== row.tr) body.insertBefore(row.tr, body.children[index] || null);
  });
  if (focused?.isConnected && !focused.contains(document.activeElement)) focused.querySelector(".open")?.focus();
  const textContent = wanted.get("q") ? "Nothing is called so." : "No items yet.";
  put("empty", { hidden: data.items.length > 0, textContent });
}

function showPlace() {
  const chosen = data.collections.find((one) => one.id === data.collection);
  renew($("collections"), data.collections.map((one) => {
    const count = el("span", { class: "count" }, one.count.toLocaleString("en"));
    const button = el("button", { type: "button", "aria-current": String(one === chosen) }, one.name, count);
    return Object.assign(button, { onclick: () => want({ collection: one.id, page: null, q: null, item: null }) });
  }), data.collections.concat(data.collection));
  put("blocked", { hidden: !chosen?.blocked, textContent: `Writes are refused: ${chosen?.blocked}` });
  const [find, first] = [$("find"), (data.page - 1) * 50];
  $("locale").hidden = data.locales.length < 2;
  renew(find.locale, data.locales.map((one) => el("option", { value: one.id }, one.tag)), data.locales);
  for (const name of ["q", "order", "locale"]) {
    const usual = name === "order" ? "changed" : name === "locale" ? data.locales[0]?.id : "";
    if (document.activeElement !== find[name]) find[name].value = wanted.get(name) || usual || "";
  }
  $("range").textContent = data.total
    ? `${first + 1}–${first + data.items.length} of ${data.total.toLocaleString("en")}` : "";
  for (const button of document.querySelectorAll("#pager button")) {
    const page = data.page + Number(button.dataset.step);
    button.disabled = !(page >= 1 && page <= data.pages);
  }
}

// New children, but only where what they show has changed: what has the focus keeps it.
function renew(parent, children, key) {
  const now = JSON.stringify(key);
  if (parent.dataset.shown === now) return;
  parent.dataset.shown = now;
  const at = [...parent.children].indexOf(document.activeElement);
  parent.replaceChildren(...children);
  if (at >= 0) parent.children[Math.min(at, parent.children.length - 1)]?.focus();
}

function showToken() {
  const { limit, used, ends, valid, second_consumer: others } = data.token;
  Object.assign($("meter"), { max: Math.max(limit, 1), high: limit * 0.8, low: limit * 0.5, optimum: 0, value: used });
  const left = ends === null ? 0 : Math.ceil(ends - Date.now() / 1000);
  const parts = [`${used} of ${limit} requests used`];
  if (left > 0) parts.push(`a new window in ${left} s`);
  if (others) parts.push(`somebody else takes ${Math.round(others)} a minute`);
  if (!valid) parts.push("revoked");
  if (data.offset) parts.push(`the clock is ${Math.abs(data.offset)} s ${data.offset > 0 ? "ahead" : "behind"}`);
  $("token").textContent = parts.join(" · ");
}

function status(code) {
  const text = code === null ? "…" : code === 0 ? "none" : String(code);
  return el("span", { class: `code ${code >= 200 && code < 400 ? "ok" : code === null ? "" : "bad"}` }, text);
}

function showSide() {
  showToken();
  renew($("faults"), data.faults.map((one) => {
    const off = el("button", { type: "button", "aria-label": `Disarm ${one.fault}` }, "Disarm");
    off.addEventListener("click", () => order("DELETE", `/faults?id=${encodeURIComponent(one.id)}`));
    const lasts = one.times === null ? "every call" : one.times === 1 ? "1 call" : `${one.times} calls`;
    const until = one.until === null ? "" : `, until ${new Date(one.until * 1000).toISOString().slice(11, 19)}`;
    return el("li", {}, el("span", {}, el("strong", {}, one.fault), el("span", { class: "detail" }, [one.words, lasts + until].filter(Boolean).join(" · "))), off);
  }), data.faults);
  $("disarm").hidden = data.faults.length < 2;
  renew($("arm").fault, Object.keys(data.kinds).map((kind) => el("option", {}, kind)), data.kinds);
  fit();
  const { total, items_written: written, statuses, recent } = data.calls;
  put("calls", { textContent: `${total.toLocaleString("en")} calls, ${written.toLocaleString("en")} items written` });
  renew($("statuses"), Object.entries(statuses).sort().flatMap(([code, count]) => [status(Number(code)), ` × ${count}  `]), statuses);
  renew($("recent"), recent.map((call) => el("li", {}, call.time, el("span", { class: "route", title: call.path },
    `${call.route.split(" ")[0]} ${call.path.replace(/[0-9a-f]{20}([0-9a-f]{4})/g, "…$1")}`, call.fault === "none" ? null : el("span", { class: "detail" }, `fault: ${call.fault}`)), status(call.status))), recent);
  $("hooks").hidden = !data.webhooks.length;
  renew($("webhooks"), data.webhooks.map((one) => el("li", {}, el("span", {}, one.trigger,
    el("span", { class: "detail" }, `${one.url} · ${one.active ? "active" : "deactivated"} · ${one.delivered} delivered, ${one.failed} failed, ${one.waiting} waiting`)),
    one.status === null ? null : status(one.status))), data.webhooks);
}

function showOne() {
  const [dialog, item] = [$("one"), data.item];
  if (!item) { if (dialog.open) dialog.close(); return; }
  $("one-name").textContent = item.cells.name?.text || item.id;
  $("one-facts").replaceChildren(el("span", { class: "pill", "data-status": item.status }, item.status),
    ` ${item.isLive ? "on the live site" : "not on the live site"} · created ${item.created} · updated ${item.updated} · published ${item.published || "never"} (UTC) · `, el("span", { class: "id" }, item.id));
  const [body, same] = [dialog.querySelector("tbody"), dialog.querySelector("tbody").dataset.item === item.id];
  body.dataset.item = item.id;
  if (!same) body.replaceChildren();
  data.columns.forEach(({ slug, name }, index) => {
    const now = JSON.stringify([name, item.cells[slug] ?? null, item.live[slug], item.isLive]);
    let row = body.children[index];
    if (!row) row = body.appendChild(el("tr"));
    if (row.dataset.shown === now) return;
    row.dataset.shown = now;
    const live = slug in item.live ? show(item.live[slug])
      : item.isLive ? el("span", { class: "none" }, "the same") : show(null);
    row.replaceChildren(el("td", {}, name), el("td", {}, show(item.cells[slug])), el("td", {}, live));
    if (same) [...row.children].slice(1).forEach(light);
  });
  while (body.children.length > data.columns.length) body.lastChild.remove();
  if (!dialog.open) dialog.showModal();
}

function render() {
  if (data.collection) [showItems, showOne, showPlace].forEach((part) => part());
  else put("empty", { hidden: false, textContent: "No collections yet." });
  showSide();
}

async function ask() {
  const mine = ++asked;
  waiting += 1;
  try {
    const headers = etag ? { "If-None-Match": etag } : {};
    const answer = await fetch(`/_sandbox/view?${wanted}`, { headers, cache: "no-store" });
    if (mine !== asked) return;
    if (answer.status === 200) { etag = answer.headers.get("ETag"); data = await answer.json(); if (mine === asked) render(); }
    else if (answer.status !== 304) throw new Error((await answer.json()).error || answer.status);
    put("state", { className: "on", textContent: "Live" });
  } catch (error) {
    const textContent = error instanceof TypeError ? "The sandbox does not answer" : String(error.message);
    if (mine === asked) put("state", { className: "off", textContent });
  } finally {
    waiting -= 1;
  }
}

// Go somewhere else: what is null is left out. The address holds it, so that it can be kept.
function want(changes) {
  for (const [name, value] of Object.entries(changes)) value ? wanted.set(name, value) : wanted.delete(name);
  history.replaceState(null, "", `#${wanted}`);
  etag = null;
  ask();
}

async function order(method, path, body) {
  const sent = { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) };
  const answer = await fetch(`/_sandbox${path}`, sent);
  const error = answer.ok ? "" : (await answer.json()).error;
  $("refusal").textContent = typeof error === "string" ? error : Object.entries(error).map(([key, text]) => `${key}: ${[text].flat().join(" ")}`).join("; ");
  ask();
}

// Show what the chosen fault can be told.
function fit() {
  const told = data.kinds[$("arm").fault.value] || [];
  for (const label of document.querySelectorAll("#arm [data-of]")) label.hidden = !told.includes(label.dataset.of);
}

$("arm").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const body = { fault: form.fault.value, times: form.times.value ? Number(form.times.value) : null };
  for (const name of ["status", "delay", "seconds"]) {
    if (form[name].value && !form[name].closest("[hidden]")) body[name] = Number(form[name].value);
  }
  if (form.slug.value && !form.slug.closest("[hidden]")) body.slug = form.slug.value;
  if (form.elements.method.value) body.match = { method: form.elements.method.value };
  order("POST", "/faults", body);
});
$("arm").fault.addEventListener("change", fit);
$("disarm").addEventListener("click", () => order("DELETE", "/faults"));
$("find").addEventListener("submit", (event) => event.preventDefault());
$("find").addEventListener("input", (event) => want({ [event.target.name]: event.target.value, page: null }));
$("pager").addEventListener("click", (event) => {
  const step = Number(event.target.dataset?.step);
  if (step) want({ page: String(data.page + step) });
});
$("one").addEventListener("close", () => { delete $("one").querySelector("tbody").dataset.item; want({ item: null }); });
window.addEventListener("hashchange", () => { wanted = new URLSearchParams(location.hash.slice(1)); want({}); });
if (WEB) Object.assign($("pictures"), { href: "/", textContent: "Draw pictures instead of loading them" });

setInterval(() => { if (!document.hidden && !waiting) ask(); if (data) showToken(); }, 1000);
ask();
