/* SPDX-License-Identifier: GPL-2.0 */
/*
 * page.js: data of the page => its head, tabs, search, and the panel "why is this kept?".
 *
 * D, as page.c writes it:
 *   manifest   of the slice; made, built: dates
 *   units      what is kept: [names, file, line, edge, from or -1, bytes, bytes held alone, field]; file is
 *              an index into unitFiles, edge into edges, from into units
 *   files      [path, bytes kept, bytes in the whole, [[name, bytes, unit or -1]], [[name, bytes]]]: the
 *              last are only in the whole
 *   heavy      [{unit, cut}]; calls: those of the manifest with what the stubs know
 *   changes    [path, lines added, lines taken away, hunks as of diff -U]
 *   images     [what, bytes of code, functions, system calls, gadgets]; 0: unknown
 */
"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const NAMES = 0, FILE = 1, LINE = 2, EDGE = 3, FROM = 4, BYTES = 5, HELD = 6, FIELD = 7;
const $ = (id) => document.getElementById(id);
const number = (n) => Number(n).toLocaleString("en-US");
const unitName = (u) => D.units[u][NAMES].split(",")[0];
const unitPlace = (u) => `${D.unitFiles[D.units[u][FILE]]}:${D.units[u][LINE]}`;

/* An element; attributes that are functions are listeners, null children are left out. */
function el(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") e.addEventListener(key, value);
    else if (value !== null && value !== false) e.setAttribute(key, value === true ? "" : value);
  }
  e.append(...children.flat().filter((c) => c !== null && c !== undefined));
  return e;
}

/* Replaces what an element holds. */
function fill(e, ...children) {
  e.replaceChildren(...children.flat().filter((c) => c !== null && c !== undefined));
}

function size(bytes) {
  if (bytes >= 100 * 1024 * 1024) return `${Math.round(bytes / 1048576)} MiB`;
  if (bytes >= 1024 * 1024) return `${(bytes / 1048576).toFixed(1)} MiB`;
  return bytes >= 1024 ? `${(bytes / 1024).toFixed(bytes < 10240 ? 1 : 0)} KiB` : `${bytes} B`;
}

function percent(part, all) {
  return all ? `${(100 * part / all).toFixed(1)}%` : "";
}

/* ---- head ---- */

function showHead() {
  const m = D.manifest;
  document.title = `kslice: ${m.name}`;
  $("name").textContent = m.name;
  $("about").textContent = m.description || "";
  const facts = [["Linux", m.version], ["tree", m.tree], ["config", m.config], ["spec", m.spec], ["image built", D.built], ["page made", D.made]];
  $("source").append(...facts.filter((f) => f[1]).map(([what, value]) => el("div", {}, el("dt", {}, what), el("dd", {}, value))));
  const of = (key) => m.whole[key] ? ` of ${number(m.whole[key])} (${percent(m.kept[key], m.whole[key])})` : "";
  const figures = [["functions", m.kept.functions, of("functions")], ["lines of functions", m.kept.lines, of("lines")],
    ["files", m.kept.files, of("files")], ["system calls", m.calls.length, of("calls")], ["cuts", m.cuts.length, ""]];
  if (m.kept.text) figures.splice(1, 0, ["bytes of code", m.kept.text, of("text") || "; the whole isn't built"]);
  $("figures").append(...figures.map(([what, n, rest]) => el("div", {}, el("b", {}, number(n)), el("span", {}, what + rest))));
}

const TABS = [["map", "Map"], ["biggest", "Biggest"], ["directories", "Directories"], ["calls", "Calls"], ["cuts", "Cuts"],
  ["edits", "Edits"], ["attack", "Images"]];
const drawn = new Set();

function showTab(id) {
  for (const [name] of TABS) {
    $(name).hidden = name !== id;
    $(`tab-${name}`).setAttribute("aria-selected", name === id);
  }
  if (!drawn.has(id)) {
    drawn.add(id);
    ({ map: drawMap, biggest: drawBiggest, directories: drawDirectories, calls: drawCalls, cuts: drawCuts, edits: drawEdits,
      attack: drawImages })[id]();
  }
}

function showTabs() {
  $("tabs").append(...TABS.map(([id, title]) => el("button", { id: `tab-${id}`, role: "tab", "aria-controls": id, click: () => go(id) }, title)));
}

/* ---- the address: #/map/net/ipv4, #/why/UNIT, #/edits/PATH; so that links and "back" work ---- */

function go(hash) {
  if (location.hash === `#/${hash}`) follow();
  else location.hash = `/${hash}`;
}

function follow() {
  const [tab, ...rest] = decodeURIComponent(location.hash.slice(2)).split("/");
  const path = rest.join("/");
  if (tab === "why") {
    if (D.units[path]) showWhy(Number(path));
    if (!drawn.size) showTab("map");
    return;
  }
  showTab(TABS.some((t) => t[0] === tab) ? tab : "map");
  if ((tab || "map") === "map") showPlace(path);
  if (tab === "edits" && path) showChanges(path);
}

/* ---- why ---- */

function unitLink(u, text) {
  return el("a", { href: `#/why/${u}`, "data-unit": u }, text || unitName(u));
}

function whyPath(u) {
  const path = [];
  for (const seen = new Set(); u >= 0 && !seen.has(u); u = D.units[u][FROM]) {
    seen.add(u);
    path.push(u);
  }
  return path;
}

function changesLink(path) {
  return D.changes.some((c) => c[0] === path) ? el("a", { href: `#/edits/${path}` }, `edits of ${path}`) : null;
}

function showWhy(u) {
  const unit = D.units[u], file = D.unitFiles[unit[FILE]];
  const names = unit[NAMES].split(",");
  const steps = whyPath(u).map((v) => el("li", {}, unitLink(v), el("small", {}, unitPlace(v)),
    el("small", { class: "edge" }, `${D.edges[D.units[v][EDGE]]} ${D.units[v][FIELD]}`)));
  const sizes = [unit[BYTES] ? `${number(unit[BYTES])} bytes of code` : null,
    unit[HELD] > unit[BYTES] ? `${number(unit[HELD])} bytes with what only it holds in` : null].filter(Boolean).join("; ");
  const cut = D.heavy.find((h) => h.unit === u);
  fill($("why"), el("button", { class: "close", click: () => { $("why").hidden = true; redrawMap(); } }, "close"),
    el("h2", {}, names[0]), el("p", { class: "soft" }, unitPlace(u), names.length > 1 ? `; also ${names.slice(1, 8).join(", ")}` : ""),
    el("p", {}, sizes), cut && cut.cut ? el("p", {}, "Cut: ", el("code", {}, cut.cut.cut)) : null,
    el("p", {}, changesLink(file)), el("h2", {}, "Why it is kept"), el("ol", {}, steps));
  const wasHidden = $("why").hidden;
  $("why").hidden = false;
  if (wasHidden) redrawMap();
}

/* ---- search ---- */

const FOUND = 60;

function index() {
  const list = [];
  D.units.forEach((u, i) => u[NAMES].split(",").forEach((name) => list.push({ name, where: unitPlace(i), hash: `why/${i}` })));
  for (const f of D.files) {
    list.push({ name: f[0], where: "file", hash: `map/${f[0]}` });
    f[4].forEach(([name]) => list.push({ name, where: `${f[0]}, not in the slice`, hash: `map/${f[0]}` }));
  }
  for (const c of D.changes) if (!D.files.some((f) => f[0] === c[0])) list.push({ name: c[0], where: "edited header", hash: `edits/${c[0]}` });
  return list;
}

let searchIndex = null;

function search(text) {
  searchIndex = searchIndex || index();
  const want = text.toLowerCase(), rank = (n) => n === want ? 0 : n.startsWith(want) ? 1 : 2;
  return searchIndex.filter((e) => e.name.toLowerCase().includes(want))
    .map((e) => [rank(e.name.toLowerCase()), e.name.length, e]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map((x) => x[2]);
}

function showResults() {
  const text = $("query").value.trim();
  const hits = text.length < 2 ? [] : search(text);
  const close = (hash) => () => { $("results").hidden = true; go(hash); };
  fill($("results"), ...hits.slice(0, FOUND).map((h) => el("li", {}, el("button", { type: "button", class: "link code", click: close(h.hash) },
    h.name, el("small", {}, h.where)))), hits.length > FOUND ? el("li", { class: "note" }, `${hits.length - FOUND} more`) : "");
  if (text.length >= 2 && !hits.length) $("results").append(el("li", { class: "note" }, "nothing of that name in the slice or in the built whole"));
  $("results").hidden = text.length < 2;
  markHits(text);
}

function start() {
  showHead();
  showTabs();
  $("query").addEventListener("input", showResults);
  $("find").addEventListener("submit", (e) => { e.preventDefault(); const first = $("results").querySelector("button"); if (first) first.click(); });
  document.addEventListener("keydown", (e) => { if (e.key === "Escape") $("results").hidden = true; });
  document.addEventListener("click", (e) => { if (!$("find").contains(e.target)) $("results").hidden = true; });
  window.addEventListener("hashchange", follow);
  window.addEventListener("resize", redrawMap);
  follow();
}
