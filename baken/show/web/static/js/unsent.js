// When the session ended meanwhile, what an open page asks for leads to the sign-in. Not while somebody has text on it
// that was not sent: then that text stays, to be copied, and everything else of the page goes. Nothing is stored.
"use strict";
(() => {
  let ended = false;

  const refused = (form) => form !== null && form.querySelector(".wrong, [role=alert]") !== null;

  const unsent = (main) =>
    [...main.querySelectorAll("textarea, input:is([type=text], :not([type]))")].filter(
      (box) => box.value.trim() && (box.value !== box.defaultValue || refused(box.form)),
    );

  function copy(field, box, number) {
    const made = field.content.cloneNode(true);
    const [label, text] = [made.querySelector("label"), made.querySelector("textarea")];
    if (box.labels && box.labels.length) label.textContent = box.labels[0].textContent;
    text.id = label.htmlFor = `unsent-${number}`;
    text.value = box.value;
    return made;
  }

  function keep(main, boxes, address) {
    const page = document.getElementById("ended").content.cloneNode(true);
    const title = page.querySelector("h1").textContent;
    const field = page.querySelector("template");
    const at = Math.max(boxes.indexOf(document.activeElement), 0);
    page.querySelector("a").href = address;
    field.replaceWith(...boxes.map((box, number) => copy(field, box, number)));
    for (const part of main.querySelectorAll("[hx-get], [hx-post]")) htmx.trigger(part, "htmx:abort");
    main.replaceChildren(page);
    for (const id of ["palette-found", "toasts"]) document.getElementById(id)?.replaceChildren();
    document.title = title;
    document.getElementById(`unsent-${at}`).focus(); // whoever is typing types on where no key is a shortcut
    window.addEventListener("beforeunload", (event) => event.preventDefault());
  }

  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const address = event.detail.xhr.getResponseHeader("HX-Redirect");
    if (!address) return;
    const main = document.getElementById("main");
    const boxes = ended ? [] : unsent(main);
    if (!ended && !boxes.length) return;
    event.preventDefault();
    if (ended) return;
    ended = true;
    keep(main, boxes, address);
  });
})();
