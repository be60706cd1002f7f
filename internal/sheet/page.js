"use strict";
const body = document.querySelector("#cases tbody");
const rows = [...body.rows];
const store = "magn-check-" + document.body.dataset.study;
const verdict = r => r.querySelector("input[type=radio]:checked").value;
const why = r => r.querySelector(".why");

// What was said and not yet downloaded outlives a reload, where the browser allows.
let kept = {};
try { kept = JSON.parse(localStorage.getItem(store)) || {}; } catch (e) { /* a page without a store */ }
for (const r of rows) {
  const k = kept[r.dataset.case];
  if (!k) continue;
  for (const i of r.querySelectorAll("input[type=radio]")) i.checked = i.value === k[0];
  why(r).value = k[1];
}

function said() {
  const n = { "": 0, accept: 0, reject: 0 };
  const show = document.getElementById("show").value;
  for (const r of rows) {
    const v = verdict(r);
    n[v]++;
    r.classList.toggle("reject", v === "reject");
    why(r).classList.toggle("needed", v === "reject" && !why(r).value.trim());
    r.hidden = show === "open" && v !== "" || show === "reject" && v !== "reject" || show === "suspicious" && r.dataset.score === "0";
    r.dataset.verdict = v;
  }
  document.getElementById("count").textContent = `${n.accept} accepted, ${n.reject} rejected, ${n[""]} open`;
}

document.addEventListener("input", e => {
  const r = e.target.closest("#cases tbody tr");
  if (r) {
    kept[r.dataset.case] = [verdict(r), why(r).value];
    try { localStorage.setItem(store, JSON.stringify(kept)); } catch (e) { /* as above */ }
  }
  said();
});

for (const [id, name] of [["outlines", "no-outlines"], ["frames", "no-frames"]]) {
  document.getElementById(id).addEventListener("change", e => document.body.classList.toggle(name, !e.target.checked));
}

for (const th of document.querySelectorAll("th[data-key]")) {
  th.querySelector("button").addEventListener("click", () => {
    const down = th.getAttribute("aria-sort") === "ascending" || !th.hasAttribute("aria-sort") && !!th.dataset.number;
    for (const other of document.querySelectorAll("th")) other.removeAttribute("aria-sort");
    th.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = r => th.dataset.number ? +r.dataset[th.dataset.key] : r.dataset[th.dataset.key];
    const compare = (a, b) => value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0;
    rows.sort((a, b) => (down ? -1 : 1) * compare(a, b) || (a.dataset.case < b.dataset.case ? -1 : 1));
    body.append(...rows);
  });
}

document.getElementById("download").addEventListener("click", () => {
  const missing = rows.find(r => verdict(r) === "reject" && !why(r).value.trim());
  if (missing) {
    missing.hidden = false;
    missing.scrollIntoView({ block: "center" });
    why(missing).focus();
    document.getElementById("count").textContent = `why is ${missing.dataset.case} rejected?`;
    return;
  }
  const field = s => /[",\n\r]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s;
  const lines = rows.map(r => [r.dataset.case, verdict(r), why(r).value.trim()].map(field).join(",")).sort();
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob(["case,verdict,reason\n" + lines.join("\n") + "\n"], { type: "text/csv" }));
  a.download = "checked.csv";
  a.click();
  URL.revokeObjectURL(a.href);
});

said();
