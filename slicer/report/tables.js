/* SPDX-License-Identifier: GPL-2.0 */
/* tables.js: the tabs that are tables: biggest, directories, calls, cuts, images. */
"use strict";

function table(heads, rows) {
  const th = heads.map((h) => el("th", { class: h.n ? "n" : null }, h.title));
  return el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, th)), el("tbody", {}, rows)));
}

const n = (value) => el("td", { class: "n" }, value === undefined || value === null ? "" : typeof value === "number" ? number(value) : value);

function share(part, all) {
  return el("td", { class: "bar-cell" }, el("div", { class: "share", title: percent(part, all) },
    el("i", { style: `width:${all ? Math.min(100, 100 * part / all) : 0}%` })));
}

/* ---- biggest ---- */

function shortPath(u) {
  const path = whyPath(u).slice(1), out = [];
  path.slice(0, 4).forEach((v) => out.push(" ← ", unitLink(v)));
  if (path.length > 5) out.push(" ← …");
  if (path.length > 4) out.push(" ← ", unitLink(path[path.length - 1]));
  const last = path.length ? path[path.length - 1] : u;
  return [...out, ` (${D.edges[D.units[last][EDGE]]})`];
}

function cutText(cut) {
  if (!cut) return "";
  return [el("code", {}, cut.cut), el("div", { class: "soft" }, cut.why + (cut.lost ? `; lost then: ${cut.lost}` : ""))];
}

function drawBiggest() {
  const most = D.heavy.length ? D.units[D.heavy[0].unit][HELD] : 0;
  const rows = D.heavy.map(({ unit, cut }) => el("tr", {}, n(D.units[unit][HELD]), share(D.units[unit][HELD], most),
    el("td", { class: "name" }, unitLink(unit), el("div", { class: "soft" }, unitPlace(unit))), el("td", {}, shortPath(unit)), el("td", {}, cutText(cut))));
  $("biggest").append(el("p", { class: "note" }, "Bytes of code that are in the slice only because of one definition: what would go with it. " +
    "A lower bound for code that is reached through the fields of tables."),
    rows.length ? table([{ title: "bytes held", n: 1 }, { title: "" }, { title: "definition" }, { title: "how it was reached" }, { title: "what would drop it" }], rows)
      : el("p", {}, "The image isn't built, so nothing has a size."));
}

/* ---- directories ---- */

const weight = (d) => d.kept.text === undefined ? d.kept.lines : d.kept.text;

function directoryRow(name, d, kind) {
  const m = D.manifest, cells = [el("td", { class: `name${kind === "sub" ? " sub" : ""}` }, name)];
  for (const key of ["functions", "lines"]) cells.push(n(d.kept[key]), n(d.whole[key]), n(percent(d.kept[key], d.whole[key])));
  if (m.kept.text) cells.push(n(d.kept.text || 0));
  if (D.hasWhole) cells.push(n(d.whole.text || 0), n(percent(d.kept.text || 0, d.whole.text)));
  const key = D.hasWhole ? "text" : "lines";
  cells.push(share(d.kept[key] || 0, d.whole[key] || 0));
  return el("tr", { class: kind === "total" ? "total" : null }, cells);
}

function addTo(sum, d) {
  for (const side of ["kept", "whole"]) for (const [key, v] of Object.entries(d[side])) sum[side][key] = (sum[side][key] || 0) + v;
}

function drawDirectories() {
  const m = D.manifest, tops = new Map();
  for (const [name, d] of Object.entries(m.directories)) {
    const top = name.split("/")[0];
    if (!tops.has(top)) tops.set(top, { name: top, kept: {}, whole: {}, below: [] });
    addTo(tops.get(top), d);
    tops.get(top).below.push([name === top ? `${name}/*` : name, d]);
  }
  const rows = [directoryRow("all", { kept: m.kept, whole: m.whole }, "total")];
  for (const t of [...tops.values()].sort((a, b) => weight(b) - weight(a))) {
    rows.push(directoryRow(t.name, t, "total"));
    if (t.below.length > 1) t.below.sort((a, b) => weight(b[1]) - weight(a[1])).forEach(([name, d]) => rows.push(directoryRow(name, d, "sub")));
  }
  const heads = [{ title: "directory" }], three = (what) => [{ title: what, n: 1 }, { title: "of", n: 1 }, { title: "", n: 1 }];
  heads.push(...three("functions"), ...three("lines"));
  if (m.kept.text) heads.push({ title: "bytes of .text", n: 1 });
  if (D.hasWhole) heads.push({ title: "of", n: 1 }, { title: "", n: 1 });
  heads.push({ title: D.hasWhole ? "bytes kept" : "lines kept" });
  $("directories").append(D.hasWhole ? "" : el("p", { class: "note" }, `No unsliced image of this configuration is built, so its bytes aren't known: kslice build --whole ${m.name}`),
    table(heads, rows));
}

/* ---- calls ---- */

/* "buff: in len =" => name and direction; "=": annotated, "?": unsure */
function param(text) {
  const said = / =$/.test(text), unsure = / \?$/.test(text), [name, ...rest] = text.replace(/ [=?]$/, "").split(": ");
  return el("span", { class: `param${said ? " said" : ""}${unsure ? " unsure" : ""}` }, el("code", {}, name), rest.length ? ` ${rest.join(": ").replace(/^fd$/, "descriptor")}` : "");
}

const ROUTES = { fd: "by its descriptor", key: "by an argument", path: "by its path", mirrored: "host and domain", none: "not by itself" };

function drawCalls() {
  const routes = (c) => c.route ? el("span", { class: "tag", title: "which calls of a program come here" }, ROUTES[c.route] || c.route) : "";
  const dirs = (c) => Object.entries(c.dirs || {}).sort((a, b) => b[1] - a[1]).slice(0, 5).map(([d, b]) => el("span", { class: "tag" }, `${d} ${size(b)}`));
  const rows = D.calls.map((c) => el("tr", {}, el("td", { class: "name" }, c.unit === undefined ? c.name : unitLink(c.unit, c.name)), el("td", {}, routes(c)),
    el("td", {}, (c.params || []).map(param)), n(c.held), el("td", {}, dirs(c))));
  const lost = D.calls.some((c) => c.params) ? null : el("p", { class: "note" }, `Stubs aren't generated (kslice slice ${D.manifest.name}), so directions aren't known.`);
  $("calls").append(lost || el("p", { class: "note" }, "Directions are inferred from the kernel's types, unless marked as annotated. " +
    "“Held alone”: bytes of code that would go if only this call were left out."),
    table([{ title: "call" }, { title: "how it comes here" }, { title: "parameters" }, { title: "held alone", n: 1 }, { title: "of it in" }], rows));
}

/* ---- cuts ---- */

function cutRow(c) {
  return el("tr", {}, el("td", {}, el("span", { class: "tag" }, c.kind)), el("td", { class: "name" }, c.symbol), n(c.hits), el("td", {}, c.why || ""));
}

function cutTable(cuts) {
  return table([{ title: "kind" }, { title: "symbol" }, { title: "hits", n: 1 }, { title: "why" }], cuts.map(cutRow));
}

function drawCuts() {
  const m = D.manifest, own = m.cuts.filter((c) => !c.group);
  $("cuts").append(el("p", { class: "note" }, "Where the slice ends. trap: the body says its name and stops; return: the body returns a value; drop: calls of it are " +
    "deleted; replace: another definition; remote: a call into another domain. Hits: places in this configuration."));
  for (const [name, lost] of Object.entries(m.lost)) {
    const cuts = m.cuts.filter((c) => c.group === name), found = cuts.reduce((sum, c) => sum + c.hits, 0);
    $("cuts").append(el("details", { "data-group": name }, el("summary", {}, el("b", {}, name), ` ${cuts.length} cuts, ${number(found)} hits`,
      el("span", { class: "lost" }, `Lost: ${lost}`)), cutTable(cuts)));
  }
  if (own.length) $("cuts").append(el("h2", {}, "Of this spec alone"), cutTable(own));
}

/* ---- images ---- */

function drawImages() {
  const most = Math.max(1, ...D.images.map((i) => i[4])), known = (x) => n(x || "unknown");
  $("attack").append(el("p", { class: "note" }, "What an attacker finds in a running image. Gadgets: different byte strings that end with a near return, begin at most nine bytes before " +
    "it and are whole instructions without another branch. System calls: those that a program reaches. Functions of a kernel without symbols are those of its BTF."),
    D.images.length ? table([{ title: "image" }, { title: "bytes of code", n: 1 }, { title: "functions", n: 1 }, { title: "system calls", n: 1 }, { title: "gadgets", n: 1 }, { title: "" }],
      D.images.map(([what, text, functions, calls, gadgets]) => el("tr", {}, el("td", {}, what), n(text), known(functions), known(calls), n(gadgets), share(gadgets, most))))
      : el("p", {}, "No image is built."));
}
