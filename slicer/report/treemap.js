/* SPDX-License-Identifier: GPL-2.0 */
/*
 * treemap.js: bytes of code by folder, file and function. The area of a rectangle is its bytes, of what is
 * kept or, beside the whole, of all that the configuration has: there the gone part is grey.
 */
"use strict";
const HEAD = 15; /* pixels of a box's title */
let root = null, place = "", hits = "";

/* {name, path, kept, whole, kids, by: {name: kid}, unit, fun, gone} */
function newNode(name, path) {
  return { name, path, kept: 0, whole: 0, kids: [], by: new Map() };
}

function kid(node, name) {
  if (!node.by.has(name)) {
    const k = newNode(name, node.path ? `${node.path}/${name}` : name);
    node.by.set(name, k);
    node.kids.push(k);
  }
  return node.by.get(name);
}

function addFun(file, name, bytes, unit, gone) {
  file.kids.push({ name, path: file.path, kept: gone ? 0 : bytes, whole: bytes, kids: [], fun: true, unit, gone });
}

function buildTree() {
  const top = newNode("", "");
  for (const [path, kept, whole, funs, gone] of D.files) {
    const chain = [top];
    for (const part of path.split("/")) chain.push(kid(chain[chain.length - 1], part));
    const file = chain[chain.length - 1];
    file.file = true;
    funs.forEach(([name, bytes, unit]) => addFun(file, name, bytes, unit, false));
    gone.forEach(([name, bytes]) => addFun(file, name, bytes, -1, true));
    /* the compiler inlines differently in the two: the sum of the parts is what is drawn */
    const all = file.kids.reduce((sum, k) => sum + k.whole, 0);
    for (const n of chain) {
      n.kept += kept;
      n.whole += Math.max(all, kept);
      n.real = (n.real || 0) + whole;
    }
  }
  return top;
}

const besideWhole = () => $("beside").checked && D.hasWhole;
const area = (n) => besideWhole() ? n.whole : n.kept;

/* Squarified: rows along the shorter side, as long as the worst aspect ratio gets better. */
function layOut(kids, x, y, w, h, place) {
  const list = kids.filter((k) => area(k) > 0).sort((a, b) => area(b) - area(a));
  let left = list.reduce((sum, k) => sum + area(k), 0), i = 0;
  while (i < list.length && w > 1 && h > 1) {
    const short = Math.min(w, h), scale = w * h / left;
    let sum = 0, worst = Infinity, n = i;
    for (; n < list.length; n++) {
      const next = sum + area(list[n]), thick = next * scale / short;
      const ratio = (a) => { const len = a * scale / thick; return Math.max(len / thick, thick / len); };
      const bad = Math.max(ratio(area(list[i])), ratio(area(list[n])));
      if (bad > worst) break;
      worst = bad;
      sum = next;
    }
    const thick = sum * scale / short;
    let at = 0;
    for (; i < n; i++) {
      const len = area(list[i]) / sum * short;
      if (w >= h) place(list[i], x, y + at, thick, len);
      else place(list[i], x + at, y, len, thick);
      at += len;
    }
    left -= sum;
    if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
  }
}

function describe(n) {
  if (n.fun) return n.gone ? `${n.name}: ${number(n.whole)} bytes, only in the whole` : `${n.name}: ${number(n.kept)} bytes`;
  return `${n.path}: ${number(n.kept)} bytes kept${D.hasWhole ? ` of ${number(n.real)} (${percent(n.kept, n.real)})` : ""}`;
}

function openNode(n) {
  if (!n.fun) go(`map/${n.path}`);
  else if (n.unit >= 0) go(`why/${n.unit}`);
  else showGone(n);
}

function showGone(n) {
  fill($("why"), el("button", { class: "close", click: () => { $("why").hidden = true; redrawMap(); } }, "close"),
    el("h2", {}, n.name), el("p", { class: "soft" }, n.path),
    el("p", {}, n.gone ? "Not in the slice: nothing that is kept refers to it, or a cut takes those references away."
      : "Made by the compiler or assembler: no definition of the source has this name."), el("p", {}, changesLink(n.path)));
  const wasHidden = $("why").hidden;
  $("why").hidden = false;
  if (wasHidden) redrawMap();
}

function addCell(out, n, depth, x, y, w, h) {
  if (w < 2 || h < 2) return;
  w -= w > 4 ? 1 : 0;
  h -= h > 4 ? 1 : 0;
  const box = !n.fun && n.kids.length && depth < 4 && (n.file ? w > 90 && h > 60 : w > 60 && h > 48);
  const part = !n.fun && !box && besideWhole();
  const cell = el("button", { class: `cell${box ? " box" : ""}${n.gone || (part && !n.kept) ? " gone" : ""}${part && n.kept ? " part" : ""}`,
    title: describe(n), "data-path": n.path, "data-name": n.name, tabindex: w > 46 && h > HEAD ? null : "-1",
    style: `left:${x.toFixed(1)}px;top:${y.toFixed(1)}px;width:${w.toFixed(1)}px;height:${h.toFixed(1)}px;` +
      `--share:${n.whole ? (100 * n.kept / n.whole).toFixed(1) : 0}%`, click: () => openNode(n) });
  if (w > 30 && h >= HEAD - 2) cell.append(el("span", {}, box ? `${n.name}  ${size(area(n))}` : n.name));
  if (w > 46 && h > 30 && !box) cell.append(el("span", {}, size(area(n))));
  if (hits && isHit(n, !box)) cell.classList.add("hit");
  out.push(cell);
  if (box) layOut(n.kids, x + 2, y + HEAD, w - 4, h - HEAD - 2, (k, ...at) => addCell(out, k, depth + 1, ...at));
}

function isHit(n, below) {
  return (!n.gone || besideWhole()) && n.name.toLowerCase().includes(hits) || (below && n.kids.some((k) => isHit(k, true)));
}

function nodeAt(path) {
  let n = root;
  for (const part of path ? path.split("/") : []) n = (n && n.by && n.by.get(part)) || null;
  return n || root;
}

function redrawMap() {
  if (!root || $("map").hidden) return;
  const node = nodeAt(place), out = [], map = $("treemap");
  if (!D.manifest.kept.text) {
    map.replaceChildren(el("p", { class: "note" }, `The image isn't built, so the bytes of functions aren't known: kslice build ${D.manifest.name}`));
    return;
  }
  layOut(node.kids, 0, 0, map.clientWidth, map.clientHeight, (k, ...at) => addCell(out, k, node.file ? 4 : 0, ...at));
  map.replaceChildren(...out);
  const parts = node.path ? node.path.split("/") : [];
  fill($("crumbs"), el("a", { href: "#/map/" }, D.manifest.name),
    ...parts.map((p, i) => [" / ", el("a", { href: `#/map/${parts.slice(0, i + 1).join("/")}` }, p)]).flat(),
    ` : ${size(node.kept)} kept${D.hasWhole ? ` of ${size(node.real)}` : ""}`);
}

function showPlace(path) {
  place = path;
  redrawMap();
}

function markHits(text) {
  hits = text.length > 2 ? text.toLowerCase() : "";
  redrawMap();
}

function drawMap() {
  root = buildTree();
  $("beside").addEventListener("change", () => { $("key-gone").hidden = !besideWhole(); redrawMap(); });
  $("scope").hidden = !D.hasWhole;
  $("key-gone").hidden = true;
  $("map-note").textContent = "Area: bytes of functions in the objects, where an inline function counts in the file that the compiler put it into. " +
    "Click a folder or file to go into it, a function for the reason why it is kept." +
    (D.hasWhole ? "" : ` The same configuration isn't built unsliced (kslice build --whole ${D.manifest.name}), so there is nothing to compare with.`);
}
