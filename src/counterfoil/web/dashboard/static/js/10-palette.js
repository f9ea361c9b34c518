/* The command palette: places, what this page can do, and tickets, found as one types. */
(() => {
  "use strict";
  const app = window.counterfoil;
  const { el } = app;
  const PAUSE = 120;
  const SHOWN = 12;

  /** Returns where one can go and what one can do, without asking anybody. */
  function known() {
    const places = [...document.querySelectorAll(".side .places a[data-go]")].map((one) => ({
      words: one.querySelector(".word")?.textContent ?? "", href: one.getAttribute("href"), keys: `g ${one.dataset.go}`, icon: "right",
    }));
    const projects = [...document.querySelectorAll("#project-menu a")].map((one) => ({ words: `Project ${one.textContent.trim()}`, href: one.getAttribute("href"), icon: "folder" }));
    const acts = [...document.querySelectorAll("main [data-key][data-key-label]")]
      .filter((one) => one.checkVisibility?.() && !one.disabled)
      .map((one) => ({ words: one.dataset.keyLabel, keys: one.dataset.key, icon: "check", act: () => (one.matches("input, select, textarea") ? one.focus() : one.click()) }));
    const seen = new Set();
    return [...acts, ...places, ...projects].filter(({ words }) => !seen.has(words) && seen.add(words));
  }

  /** Asks for tickets; what cannot be reached finds nothing. */
  async function found(text, signal) {
    try {
      const response = await fetch(`/find?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json", "HX-Request": "true" }, signal });
      if (!response.ok || !(response.headers.get("Content-Type") ?? "").includes("json")) return [];
      const { found: tickets = [] } = await response.json();
      return tickets
        .filter(({ href }) => typeof href === "string" && href.startsWith("/") && !href.startsWith("//"))
        .map(({ href, title, note = "", state = "" }) => ({ words: title, href, note, state }));
    } catch {
      return [];
    }
  }

  app.openPalette = () => {
    if (document.querySelector("dialog.palette[open]") || document.querySelector(".frame") === null) return;
    document.querySelector("dialog.palette")?.remove();
    const field = el("input", {
      type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list",
      "aria-label": "Find a ticket, a page or an action", placeholder: "Find a ticket, a page or an action", autocomplete: "off", spellcheck: "false", autofocus: true,
    });
    const list = el("ul", { id: "palette-list", role: "listbox", "aria-label": "Found" });
    const none = el("p", { class: "none", hidden: true }, "Nothing is called that.");
    const dialog = el("dialog", { class: "dialog palette", "aria-label": "Find" },
      el("div", { class: "palette-field" }, el("i", { class: "i i-search", "aria-hidden": "true" }), field), list, none);
    const offers = known();
    let shown = [];
    let at = 0;
    let timer = 0;
    let asking = new AbortController();

    function choose(number) {
      at = shown.length === 0 ? 0 : (number + shown.length) % shown.length;
      [...list.children].forEach((one, place) => one.setAttribute("aria-selected", String(place === at)));
      list.children[at]?.scrollIntoView({ block: "nearest" });
      if (shown.length > 0) field.setAttribute("aria-activedescendant", `offer-${at}`);
      else field.removeAttribute("aria-activedescendant");
    }

    function show(entries) {
      shown = entries.slice(0, SHOWN);
      list.replaceChildren(...shown.map((entry, number) => {
        const sign = entry.state ? el("span", { class: `state s-${entry.state} is-bare` }, el("span", {}, entry.state)) : el("i", { class: `i i-${entry.icon ?? "file"}`, "aria-hidden": "true" });
        const item = el("li", { class: "choice", role: "option", id: `offer-${number}`, click: () => go(entry) }, sign, el("span", { class: "cut" }, entry.words));
        if (entry.note) item.append(el("span", { class: "id" }, entry.note));
        if (entry.keys) item.append(el("kbd", { class: "key" }, entry.keys));
        return item;
      }));
      list.hidden = shown.length === 0;
      none.hidden = shown.length > 0;
      choose(0);
    }

    function go(entry) {
      dialog.close();
      if (entry.act) entry.act();
      else location.assign(entry.href);
    }

    function ask() {
      const text = field.value.trim().toLowerCase();
      const fitting = offers.filter(({ words }) => words.toLowerCase().includes(text));
      show(fitting);
      clearTimeout(timer);
      asking.abort();
      if (text === "") return;
      asking = new AbortController();
      const { signal } = asking;
      timer = setTimeout(async () => {
        const tickets = await found(text, signal);
        if (!signal.aborted) show([...fitting.slice(0, 4), ...tickets]);
      }, PAUSE);
    }

    field.addEventListener("input", ask);
    field.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") choose(at + 1);
      else if (event.key === "ArrowUp") choose(at - 1);
      else if (event.key === "Enter" && shown[at]) go(shown[at]);
      else return;
      event.preventDefault();
    });
    dialog.addEventListener("close", () => {
      asking.abort();
      clearTimeout(timer);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
    show(offers);
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-palette]")) app.openPalette();
  });
})();
