/* Travelling through a stream, and pictures that say their values.

   form[data-travel] with a range: each step is asked of the server and put in the place of #moment; the address follows, so
   that it can be kept and sent on. Without this script the form is an ordinary one, and the links do the same.
   svg[data-plot] with .mark elements: one stop for the tab key, the arrows go from mark to mark, and a tip shows the
   words of the mark that is pointed at or has the focus. The words are its label, the tip is only for the eye. */
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";

  let asked = null;
  const travel = async (form) => {
    asked?.abort();
    asked = new AbortController();
    const address = `${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`;
    try {
      const answer = await fetch(address, { signal: asked.signal, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return location.assign(address);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = page.getElementById("moment");
      if (!found) return location.assign(address);
      document.getElementById("moment").replaceWith(document.adoptNode(found));
      history.replaceState(history.state, "", address);
      document.dispatchEvent(new CustomEvent("counterfoil:changed", { detail: { element: found } }));
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  };

  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-travel]");
    if (!form || event.target.type !== "range") return;
    event.target.setAttribute("aria-valuetext", `step ${event.target.value} of ${event.target.max}`);
    travel(form);
  });

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const link = event.target.closest?.("#moment .travel-steps a");
    const range = document.querySelector("form[data-travel] input[type=range]");
    if (!link || !range) return;
    event.preventDefault();
    range.value = new URL(link.href).searchParams.get("at") ?? range.max;
    range.dispatchEvent(new Event("input", { bubbles: true }));
    range.focus();
  });

  const text = (words, kind) => {
    const made = document.createElementNS(SVG, "text");
    if (kind) made.setAttribute("class", kind);
    made.textContent = words;
    return made;
  };

  const show = (mark) => {
    const plot = mark.ownerSVGElement;
    hide(plot);
    const [left, width, top] = ["x", "width", "y"].map((name) => Number(mark.getAttribute(name)));
    const middle = left + width / 2;
    const lines = mark.getAttribute("aria-label").split("; ");
    const tip = document.createElementNS(SVG, "g");
    tip.setAttribute("class", "tip");
    tip.setAttribute("aria-hidden", "true");
    const guide = document.createElementNS(SVG, "line");
    for (const [name, value] of [["class", "guide"], ["x1", middle], ["x2", middle], ["y1", top], ["y2", top + Number(mark.getAttribute("height"))]]) guide.setAttribute(name, value);
    const ground = document.createElementNS(SVG, "rect");
    tip.append(guide, ground);
    for (const line of lines) tip.append(text(line, tip.querySelector("text") ? "" : "tip-head"));
    plot.append(tip);
    const words = [...tip.querySelectorAll("text")];
    const step = parseFloat(getComputedStyle(words[0]).fontSize) * 1.35;
    const room = Math.max(...words.map((one) => one.getComputedTextLength())) + 16;
    const start = middle + 8 + room <= plot.viewBox.baseVal.width ? middle + 8 : Math.max(0, middle - 8 - room);
    for (const [name, value] of [["x", start], ["y", top], ["width", room], ["height", step * lines.length + 10], ["rx", 5]]) ground.setAttribute(name, value);
    words.forEach((one, number) => {
      one.setAttribute("x", start + 8);
      one.setAttribute("y", top + 1 + step * (number + 1));
    });
  };
  const hide = (plot) => plot.querySelector(".tip")?.remove();
  const mark = (event) => event.target.closest?.("svg[data-plot] .mark");

  for (const name of ["pointerover", "focusin"]) document.addEventListener(name, (event) => mark(event) && show(mark(event)));
  for (const name of ["pointerout", "focusout"]) document.addEventListener(name, (event) => mark(event) && hide(mark(event).ownerSVGElement));
  document.addEventListener("keydown", (event) => {
    const here = mark(event);
    if (event.key === "Escape" && here) return hide(here.ownerSVGElement);
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (!here || step === undefined) return;
    event.preventDefault();
    const marks = [...here.ownerSVGElement.querySelectorAll(".mark")];
    const next = marks[Math.min(marks.length - 1, Math.max(0, marks.indexOf(here) + step))];
    here.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
})();
