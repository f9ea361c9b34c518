/* The keyboard: an element says which key presses it (data-key, data-key-label), a place which letter leads there after g.

   data-key="a"            one key, or several with spaces: "j ArrowDown"
   data-key-scope          the same key may be in each of these; the one that is selected, or has the focus, is meant
   data-go="b"             g b goes there
   Nothing happens while somebody types, and behind a dialog nothing but what is in it.
*/
(() => {
  "use strict";
  const app = window.counterfoil;
  const { el } = app;
  const bound = new Map();
  const OURS = new Set(["?", "/"]);
  const PATIENCE = 1500;
  let isGoing = 0;

  app.bind = (key, words, act) => bound.set(key, { words, act });

  const isShown = (element) => element.checkVisibility?.({ visibilityProperty: true }) ?? element.offsetParent !== null;
  const isUsable = (element) => isShown(element) && !element.disabled && element.getAttribute("aria-disabled") !== "true";
  const keysOf = (element) => element.dataset.key.split(" ");

  /** Returns where keys work now: the topmost dialog, or the page. */
  function ground() {
    const open = document.querySelectorAll("dialog:modal");
    return open.length > 0 ? open[open.length - 1] : document;
  }

  /** Returns the element that a key presses. */
  function pressed(key, within) {
    const found = [...within.querySelectorAll("[data-key]")].filter((one) => keysOf(one).includes(key) && isUsable(one));
    const inScope = (test) => found.find((one) => one.closest("[data-key-scope]")?.matches(test));
    return inScope(":focus-within") ?? inScope(".is-selected, [aria-current='true'], [aria-selected='true']") ?? found[0];
  }

  function press(element) {
    if (element.matches("input:not([type=checkbox], [type=radio]), textarea, select")) {
      element.focus();
      element.select?.();
    } else {
      element.click();
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const { key } = event;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && key.toLowerCase() === "k") {
      event.preventDefault();
      app.openPalette?.();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const within = ground();
    if (key === "Escape") {
      if (within === document && (app.closeMenu() || app.closeToast())) event.preventDefault();
      else if (within === document && app.isTyping(event.target)) event.target.blur();
      return;
    }
    if (app.isTyping(event.target)) return;
    if (within === document && followed(event)) return;
    const element = pressed(key, within);
    const own = within === document ? bound.get(key) : undefined;
    if (element) {
      event.preventDefault();
      press(element);
    } else if (own) {
      event.preventDefault();
      own.act(event);
    }
  });

  /** Handles g and the letter after it. */
  function followed(event) {
    const waited = isGoing;
    isGoing = 0;
    if (waited && performance.now() - waited < PATIENCE) {
      const place = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (place) {
        event.preventDefault();
        place.click();
        return true;
      }
    }
    if (event.key === "g" && !event.repeat) {
      isGoing = performance.now();
      return pressed("g", document) === undefined;
    }
    return false;
  }

  /** Shows the keys of this page. */
  function showKeys() {
    const rows = new Map();
    const walked = document.querySelector("main [data-walks]");
    if (walked) rows.set("j k ArrowDown ArrowUp", walked.dataset.walks);
    for (const element of document.querySelectorAll("main [data-key][data-key-label]")) {
      if (isShown(element)) rows.set(element.dataset.key, element.dataset.keyLabel);
    }
    for (const [key, { words }] of bound) if (!OURS.has(key)) rows.set(key, words);
    const everywhere = [...OURS].map((key) => [key, bound.get(key).words]);
    const places = [...document.querySelectorAll(".places [data-go]")].map((one) => [`g ${one.dataset.go}`, one.querySelector(".word")?.textContent ?? ""]);
    const list = el("dl", {});
    const sections = [["This page", [...rows]], ["Everywhere", [...everywhere, ["Ctrl+K", "Find anything"], ["Esc", "Close, or leave a field"]]], ["Go to", places]];
    for (const [title, entries] of sections) {
      if (entries.length === 0) continue;
      list.append(el("dt", { class: "keys-title" }, ""), el("dd", { class: "label-words" }, title));
      for (const [keys, words] of entries) {
        const shown = el("dt", {});
        keys.split(" ").forEach((one) => shown.append(el("kbd", { class: "key" }, one.replace(/^Arrow/, "")), " "));
        list.append(shown, el("dd", {}, words));
      }
    }
    const dialog = el("dialog", { class: "dialog keys", "aria-labelledby": "keys-title" },
      el("div", { class: "dialog-head" }, el("h2", { id: "keys-title" }, "Keys"),
        el("button", { type: "button", class: "button is-quiet is-icon", "aria-label": "Close", "data-close": true, autofocus: true }, el("i", { class: "i i-close", "aria-hidden": "true" }))),
      el("div", { class: "dialog-body" }, list));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  app.bind("?", "Show the keys", showKeys);
  app.bind("/", "Find, or go anywhere", () => app.openPalette?.());
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-show-keys]")) return;
    event.target.closest("[popover]")?.hidePopover();
    showKeys();
  });
})();
