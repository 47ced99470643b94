/* SPDX-License-Identifier: GPL-2.0 */
/* changes.js: what was taken away from each file, side by side: the kernel's text left, the slice's right. */
"use strict";

function drawEdits() {
  const items = D.changes.map((c) => [c, c[2] + c[1]]).sort((a, b) => b[1] - a[1]);
  $("edit-list").append(el("p", { class: "note" }, `${number(items.length)} files differ from the kernel's tree; lines taken away (−) and put in (+).`),
    ...items.map(([c]) => el("button", { class: "link code", "data-path": c[0], click: () => go(`edits/${c[0]}`) }, c[0], el("small", {}, ` −${number(c[2])}${c[1] ? ` +${c[1]}` : ""}`))));
  $("edit").append(el("p", { class: "note" }, "Choose a file. Files that the slice doesn't have at all aren't listed."));
}

function code(kind, at, text) {
  return [el("td", { class: "at" }, at || ""), el("td", { class: kind }, text === null ? "" : text || "\u200b")];
}

/* Deleted lines stand beside those that were put in their place. */
function flush(rows, gone, added, at) {
  for (let i = 0; i < Math.max(gone.length, added.length); i++) {
    const old = i < gone.length, neu = i < added.length;
    rows.push(el("tr", {}, code(old ? "del" : "none", old ? at[0]++ : "", old ? gone[i] : null),
      code(neu ? "add" : "none", neu ? at[1]++ : "", neu ? added[i] : null)));
  }
  gone.length = added.length = 0;
}

function diffRows(hunks) {
  const rows = [], gone = [], added = [], at = [1, 1];
  for (const line of hunks.split("\n").slice(0, -1)) {
    const head = /^@@ -(\d+)\S* \+(\d+)\S* @@/.exec(line), text = line.slice(1);
    if (line[0] === "-") gone.push(text);
    else if (line[0] === "+") added.push(text);
    else if (head) {
      flush(rows, gone, added, at);
      at[0] = Number(head[1]);
      at[1] = Number(head[2]);
      rows.push(el("tr", {}, el("th", { colspan: 4 }, `line ${number(at[0])}`)));
    } else if (line[0] === " ") {
      flush(rows, gone, added, at);
      rows.push(el("tr", {}, code("", at[0]++, text), code("", at[1]++, text)));
    }
  }
  flush(rows, gone, added, at);
  return rows;
}

function showChanges(path) {
  const c = D.changes.find((x) => x[0] === path);
  for (const b of $("edit-list").querySelectorAll("button")) {
    if (b.dataset.path === path) b.setAttribute("aria-current", "true");
    else b.removeAttribute("aria-current");
  }
  if (!c) {
    $("edit").replaceChildren(el("p", { class: "note" }, `${path} is as in the kernel's tree, or not in the slice.`));
    return;
  }
  $("edit").replaceChildren(el("h2", {}, path), el("p", { class: "soft" }, `${number(c[2])} lines taken away, ${number(c[1])} put in. Left: Linux ${D.manifest.version}; right: the slice.`),
    el("table", { class: "diff" }, el("colgroup", {}, el("col", { style: "width:52px" }), el("col"), el("col", { style: "width:52px" }), el("col")),
      el("tbody", {}, diffRows(c[3]))));
}
