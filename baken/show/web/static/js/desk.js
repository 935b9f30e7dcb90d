// The desk's pages: forms that open below their buttons, what a badge says can be put away, the list's width is kept.
"use strict";
(() => {
  const first = (form) => {
    const fields = ":is(textarea, select, input):not([type=hidden])";
    const field = form.querySelector(`.wrong ${fields}`) || form.querySelector(fields);
    return field && field.type === "radio" ? form.querySelector("input[type=radio]:checked") || field : field;
  };

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const summary = event.target.closest(":is(.act, .call) > summary");
    for (const act of document.querySelectorAll(".act[open]")) if (!act.contains(event.target)) act.open = false;
    if (!summary) return;
    event.preventDefault();
    const details = summary.parentElement;
    details.open = !details.open;
    const field = details.open && first(details);
    if (field) field.focus();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const act = document.querySelector(".act[open]");
    if (act) {
      act.open = false;
      act.querySelector("summary").focus();
    }
    for (const clock of document.querySelectorAll(".clock:is(:hover, :focus-within)")) clock.classList.add("quiet");
  });
  for (const end of ["focusin", "pointerover"]) {
    document.addEventListener(end, (event) => {
      const here = event.target instanceof Element && event.target.closest(".clock");
      for (const clock of document.querySelectorAll(".clock.quiet")) if (clock !== here) clock.classList.remove("quiet");
    });
  }

  const list = document.querySelector(".desk-list");
  if (list) {
    const kept = Number(window.localStorage.getItem("desk-list-width"));
    if (kept > 0) list.style.inlineSize = `${kept}px`;
    new ResizeObserver(() => {
      if (list.style.width) window.localStorage.setItem("desk-list-width", String(list.offsetWidth));
    }).observe(list);
    const here = list.querySelector(".at");
    if (here) here.scrollIntoView({ block: "nearest" });
  }

  const failed = document.querySelector(".act[open] .wrong :is(textarea, select, input), .composer .wrong textarea");
  if (failed) failed.focus();
})();
