// Keyboard shortcuts: by the character that is typed, silent while somebody writes. The list in the dialog #shortcuts
// says which are on; what a shortcut does is found on the page by data-shortcut.
"use strict";
(() => {
  const list = document.getElementById("shortcuts");
  const palette = document.getElementById("palette");
  if (!list || !palette) return;

  const shortcuts = new Map(
    [...list.querySelectorAll("[data-keys]")].map((row) => [row.dataset.keys, { code: row.dataset.code, url: row.dataset.url }]),
  );
  const prefixes = new Set([...shortcuts.keys()].filter((keys) => keys.includes(" ")).map((keys) => keys.split(" ")[0]));
  let pending = "";
  let forget = 0;

  const writing = (element) =>
    element instanceof HTMLElement &&
    (element.isContentEditable || element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])"));

  const shown = (element) => element.checkVisibility();

  function move(step) {
    const rows = [...document.querySelectorAll("[data-row]")].filter(shown);
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const row = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
    const target = row.matches("a, button, [tabindex]") ? row : row.querySelector("[data-open]") || row.querySelector("a, button, [tabindex]");
    if (target) target.focus();
  }

  function act({ code, url }) {
    const target = [...document.querySelectorAll(`[data-shortcut="${code}"]`)].find(shown);
    if (target) {
      if (writing(target)) target.focus();
      else target.click();
    } else if (code === "next") move(1);
    else if (code === "previous") move(-1);
    else if (code === "help") list.showModal();
    else if (code === "search") open_palette();
    else if (url) window.location.assign(url);
    else return false;
    return true;
  }

  function open_palette() {
    if (!palette.open) palette.showModal();
    const field = palette.querySelector("[type=search]");
    field.focus();
    field.select();
  }

  function submit(event) {
    const form = event.target.closest("form");
    if (!form) return;
    const resolve = event.shiftKey && form.querySelector('[data-shortcut="send-and-resolve"]');
    if (event.shiftKey && !resolve) return;
    event.preventDefault();
    form.requestSubmit(resolve || form.querySelector('[data-shortcut="send"]') || undefined);
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    const command = event.ctrlKey || event.metaKey;
    if (command && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open_palette();
      return;
    }
    if (command && event.key === "Enter" && writing(event.target)) {
      submit(event);
      return;
    }
    if (command || event.altKey || writing(event.target) || document.querySelector("dialog[open]")) return;
    const keys = pending ? `${pending} ${event.key}` : event.key;
    pending = "";
    window.clearTimeout(forget);
    const shortcut = shortcuts.get(keys);
    if (shortcut) {
      if (act(shortcut)) event.preventDefault();
    } else if (prefixes.has(event.key)) {
      pending = event.key;
      forget = window.setTimeout(() => { pending = ""; }, 1500);
    }
  });

  palette.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault(); // a search field would take it to empty itself first
      palette.close();
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops = [palette.querySelector("[type=search]"), ...palette.querySelectorAll(".found a")];
    const at = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    stops[(at + stops.length) % stops.length].focus();
  });

  for (const dialog of [list, palette]) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }
})();
