// The desk's pages: forms that open below their buttons, what a badge says can be put away, the list's width is kept.
"use strict";
(() => {
  document.addEventListener("toggle", (event) => {
    const details = event.target;
    if (!(details instanceof HTMLDetailsElement) || !details.open || !details.matches(".act, .call")) return;
    const field = details.querySelector(".wrong :is(textarea, select, input), :is(textarea, select, input):not([type=hidden])");
    const chosen = field && field.type === "radio" ? details.querySelector("input[type=radio]:checked") : null;
    if (field) (chosen || field).focus();
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const act = event.target instanceof Element && event.target.closest(".act[open]");
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

  document.addEventListener("click", (event) => {
    for (const act of document.querySelectorAll(".act[open]")) if (!act.contains(event.target)) act.open = false;
  });

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
