/* Toasts: what became of a change, with a way back. Errors stay until they are closed. */
(() => {
  "use strict";
  const app = window.counterfoil;
  const { el } = app;
  const STAYS = { done: 6000, pending: 9000 };
  const STAYS_WITH_UNDO = 12000;
  const KEPT = 4;

  /** Brings the toasts over the topmost dialog, behind which nothing can be read or pressed; or back. */
  function surface() {
    const over = document.getElementById("over");
    const place = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
    if (over !== null && over.parentElement !== place) place.append(over);
  }

  /** Shows `{level, message, hint, warnings, undo, data: {link, link_words}}`; level is done, pending or error. */
  app.tell = (told) => {
    if (!told?.message) return;
    const level = told.level in STAYS ? told.level : "error";
    const place = document.getElementById(level === "error" ? "alerts" : "toasts");
    if (place === null) return;
    surface();
    const words = el("div", { class: "told" }, el("p", {}, sentence(told.message)));
    if (told.hint) words.append(hint(told.hint));
    for (const warning of told.warnings ?? []) words.append(el("p", { class: "soft small" }, sentence(warning)));
    const steps = el("div", { class: "buttons" });
    const toast = el("div", { class: `toast is-${level}` }, words);
    if (told.undo) {
      steps.append(el("button", { type: "button", class: "button is-small", click: () => { close(toast); app.send(told.undo); } }, "Undo"));
    }
    const link = told.data?.link;
    if (typeof link === "string" && link.startsWith("/") && !link.startsWith("//")) {
      steps.append(el("a", { class: "button is-small", href: link }, told.data.link_words ?? "Open"));
    }
    if (steps.childElementCount > 0) words.append(steps);
    toast.append(
      el("button", { type: "button", class: "button is-quiet is-icon is-small", "aria-label": "Close", click: () => close(toast) },
        el("i", { class: "i i-close", "aria-hidden": "true" })),
    );
    for (const other of place.children) if (other.querySelector(".told")?.textContent === words.textContent) other.remove();
    place.append(toast);
    while (place.childElementCount > KEPT) place.firstElementChild.remove();
    if (level !== "error") stayFor(toast, told.undo ? STAYS_WITH_UNDO : STAYS[level]);
  };

  /** Takes a toast away after a time in which nobody points at it or has the focus in it. */
  function stayFor(toast, milliseconds) {
    let timer = 0;
    const hold = () => clearTimeout(timer);
    const go = () => {
      hold();
      timer = setTimeout(() => (toast.matches(":hover, :focus-within") ? go() : close(toast)), milliseconds);
    };
    toast.addEventListener("pointerenter", hold);
    toast.addEventListener("pointerleave", go);
    toast.addEventListener("focusin", hold);
    toast.addEventListener("focusout", go);
    go();
  }

  function close(toast) {
    const hadFocus = toast.contains(document.activeElement);
    toast.remove();
    if (hadFocus) document.getElementById("main")?.focus({ preventScroll: true });
  }

  /** Begins a message as a sentence, unless it begins with a name, a quotation or a path. */
  const sentence = (text) => (/^[a-z]+[ ,:]/.test(text) ? text[0].toUpperCase() + text.slice(1) : text);

  /** A hint that is a command can be copied. */
  function hint(text) {
    if (/^(ticket|git|pip) /.test(text)) {
      return el("span", { class: "copyable" }, el("code", {}, text),
        el("button", { type: "button", class: "button is-quiet is-icon is-small", "data-copy": text, "aria-label": `Copy ${text}` },
          el("i", { class: "i i-copy", "aria-hidden": "true" })));
    }
    const words = el("p", { class: "soft small" });
    text.split("`").forEach((piece, number) => words.append(number % 2 ? el("code", {}, piece) : piece));
    return words;
  }

  /** Closes the newest toast; tells whether there was one. */
  app.closeToast = () => {
    const toasts = document.querySelectorAll("#over .toast");
    if (toasts.length === 0) return false;
    close(toasts[toasts.length - 1]);
    return true;
  };

  // Before anything empties or removes the dialog.
  document.addEventListener("close", surface, true);

  document.addEventListener("DOMContentLoaded", () => {
    try {
      const told = sessionStorage.getItem("told");
      sessionStorage.removeItem("told");
      if (told) app.tell(JSON.parse(told));
    } catch {
      /* Nothing was kept. */
    }
  });
})();
