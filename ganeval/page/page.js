"use strict";

// The page can be read without this script: it sorts tables, switches between light and dark, and copies.

const say = (text) => { document.getElementById("status").textContent = text; };

for (const part of document.querySelectorAll(".script-only")) part.hidden = false;

// ---- tables ----

function compare(one, other, kind) {
  if (kind === "text") return one.localeCompare(other, undefined, { numeric: true });
  return Number(one) - Number(other);
}

function sort(table, heading, direction) {
  const column = heading.cellIndex;
  const kind = heading.dataset.sortable;
  const key = (row) => row.cells[column].dataset.sort;
  const body = table.querySelector("tbody.judged");
  if (!body) return;
  const sign = direction === "ascending" ? 1 : -1;
  const rows = Array.from(body.rows);
  rows.sort((one, other) => {
    const first = key(one), second = key(other);
    if (first === undefined || second === undefined) return (first === undefined) - (second === undefined);
    return sign * compare(first, second, kind);
  });
  body.append(...rows);
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", direction);
}

function direct(heading) {
  const best = heading.dataset.better === "higher" ? "descending" : "ascending";
  const reverse = { ascending: "descending", descending: "ascending" };
  return heading.getAttribute("aria-sort") === best ? reverse[best] : best;
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const heading of table.tHead.rows[0].cells) {
    if (!heading.dataset.sortable) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const direction = direct(heading);
      sort(table, heading, direction);
      say(`Sorted by ${button.textContent.trim()}, ${direction}.`);
    });
  }
}

// ---- light and dark ----

const root = document.documentElement;
const toggle = document.querySelector("[data-theme-toggle]");
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

// In both: once in some twenty loads Chromium gives a page from a file an empty one of that which it asks for first.
function kept() {
  try {
    const own = sessionStorage.getItem("ganeval-theme");
    return localStorage.getItem("ganeval-theme") ?? own;
  } catch {
    return null;
  }
}

function keep(theme) {
  try {
    sessionStorage.setItem("ganeval-theme", theme);
    localStorage.setItem("ganeval-theme", theme);
  } catch { /* a page from a file may not be allowed to */ }
}

const shown = () => root.dataset.theme || (prefersDark.matches ? "dark" : "light");

function label() {
  toggle.textContent = shown() === "dark" ? "Light" : "Dark";
  toggle.setAttribute("aria-label", `Show the page ${shown() === "dark" ? "light" : "dark"}`);
}

if (["light", "dark"].includes(kept())) root.dataset.theme = kept();
toggle.hidden = false;
label();
prefersDark.addEventListener("change", label);
toggle.addEventListener("click", () => {
  root.dataset.theme = shown() === "dark" ? "light" : "dark";
  keep(root.dataset.theme);
  label();
});

// ---- copying ----

function textOf(part) {
  const facts = Array.from(part.querySelectorAll("dl > div"), (row) =>
    `${row.querySelector("dt").textContent}: ${row.querySelector("dd").textContent}`);
  const config = part.querySelector("pre");
  return facts.join("\n") + (config ? `\n\n${config.textContent}` : "") + "\n";
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const done = await copy(textOf(button.parentElement.querySelector(".copied-text")));
    button.textContent = done ? "Copied" : "Cannot copy here: select the text";
    say(button.textContent);
    setTimeout(() => { button.textContent = "Copy"; }, 2500);
  });
}
