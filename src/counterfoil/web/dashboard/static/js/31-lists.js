/* Lists and forms: filters that answer as one types, tickets that are chosen together, problems beside their fields. */
(() => {
  "use strict";
  const { el, isTyping } = window.counterfoil;
  const PAUSE = 220;
  let timer = 0;

  /* --- filters ----------------------------------------------------------------------------------------- */

  /* Asks in the form's place, whose empty fields would be in the address; what was asked later counts. */
  const asker = el("span", { hidden: true, "hx-sync": "this:replace" });

  /** Shows what a filter finds, at an address that says only what is asked. */
  function sift(form) {
    clearTimeout(timer);
    const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
    const place = `${form.getAttribute("action")}${asked.size > 0 ? `?${asked}` : ""}`;
    if (place === location.pathname + location.search) return;
    if (!asker.isConnected) document.body.append(asker);
    htmx.ajax("GET", place, { source: asker, target: "#main > .body", select: "#main > .body", swap: "outerHTML", push: place });
  }

  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form.sieve");
    if (!form || event.target.matches("select, [type=checkbox]")) return;
    clearTimeout(timer);
    timer = setTimeout(() => sift(form), PAUSE);
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form.sieve");
    if (!form) return;
    event.target.classList.toggle("is-on", event.target.matches("select") && event.target.value !== "");
    sift(form);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form.sieve")) return;
    event.preventDefault();
    sift(event.target);
  });

  /* A form that a menu opens has the focus in its first field. */
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("details.menu[open]")) event.target.querySelector("form input:not([type=hidden])")?.focus();
  }, true);

  /* --- several at once --------------------------------------------------------------------------------- */

  const boxes = () => [...document.querySelectorAll('#lines input[name="ticket"]')];

  function countChosen() {
    const form = document.getElementById("bulk");
    if (form === null) return;
    const all = boxes();
    const chosen = all.filter((box) => box.checked).length;
    form.classList.toggle("has-chosen", chosen > 0);
    form.querySelector("[data-bulk-count]").textContent = chosen === 0 ? "Nothing chosen" : `${chosen} chosen`;
    for (const box of all) box.closest("tr").classList.toggle("is-selected", box.checked);
    const every = document.querySelector("[data-pick-all]");
    if (every === null) return;
    every.checked = chosen > 0 && chosen === all.length;
    every.indeterminate = chosen > 0 && chosen < all.length;
  }

  let last = null;
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.('#lines input[name="ticket"]');
    if (!box) return;
    const all = boxes();
    if (event.shiftKey && last?.isConnected) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((one, other) => one - other);
      for (const each of all.slice(from, to + 1)) each.checked = box.checked;
    }
    last = box;
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-pick-all]")) for (const box of boxes()) box.checked = event.target.checked;
    if (event.target.matches?.('[data-pick-all], input[name="ticket"]')) countChosen();
  });
  document.addEventListener("told", (event) => {
    if (event.target.id !== "bulk" || event.detail.level === "error") return;
    event.target.reset();
    for (const box of boxes()) box.checked = false;
    countChosen();
  });
  document.addEventListener("live:applied", countChosen);
  document.addEventListener("htmx:after:swap", countChosen);
  document.addEventListener("DOMContentLoaded", countChosen);

  /* --- from line to line -------------------------------------------------------------------------------- */

  document.addEventListener("keydown", (event) => {
    const row = document.activeElement?.closest?.("#lines > tr");
    const list = document.getElementById("lines");
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || list === null) return;
    if (isTyping(event.target) || document.querySelector("dialog:modal")) return;
    const steps = { j: "next", ArrowDown: "next", k: "previous", ArrowUp: "previous" };
    if (event.key in steps && (row || event.key.length === 1)) {
      const next = row ? row[`${steps[event.key]}ElementSibling`] : list.firstElementChild;
      next?.querySelector(".td-title a")?.focus();
      next?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "x" && row) {
      row.querySelector('input[name="ticket"]')?.click();
    } else {
      return;
    }
    event.preventDefault();
  }, true);

  /* --- problems beside their fields -------------------------------------------------------------------- */

  /** Shows what the server says of a field beside it: data-problems has `code:field` pairs. */
  function showProblem(form, told) {
    for (const place of form.querySelectorAll(".problem")) place.textContent = "";
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    const pair = form.dataset.problems.split(" ").find((one) => one.startsWith(`${told?.code}:`));
    const field = pair && form.elements.namedItem(pair.slice(pair.indexOf(":") + 1));
    if (!(field instanceof Element)) return;
    field.setAttribute("aria-invalid", "true");
    const place = field.closest(".field")?.querySelector(".problem");
    if (place) document.querySelector("#alerts .toast:last-child")?.remove(); // said beside the field, where it can be mended
    if (place) place.textContent = [told.message, told.hint].filter(Boolean).join(": ");
    field.focus();
  }
  document.addEventListener("told", (event) => {
    const form = event.target.closest?.("form[data-problems]");
    if (form) showProblem(form, event.detail?.level === "error" ? event.detail : null);
  });
  document.addEventListener("keydown", (event) => {
    const form = event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest?.("#new-ticket");
    if (!form) return;
    event.preventDefault();
    form.requestSubmit();
  });
})();
