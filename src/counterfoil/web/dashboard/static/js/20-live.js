/* Keeps this page as the server knows it: takes what changes from /live, and puts it where it belongs.

   What somebody types, where they are and what they have opened stays: fields with the focus or with another content
   than they came with, open <details> and dialogs, scroll positions, and whatever is in [data-keep]. Attributes
   that a script sets are named by data-keep-attributes="class aria-selected" on the element or above it.

   counterfoil.live.refresh()     has everything read anew, and shows it      [data-refresh] does so
   counterfoil.live.isBusy        set it while something is dragged: what comes meanwhile is put in place afterwards
   "live:applying", "live:applied" on document     before and after the page is changed
*/
(() => {
  "use strict";
  const app = window.counterfoil;
  const SOON = 300;
  const LATEST = 15_000;
  const SILENT = 40_000;
  const HIDDEN = 5_000;
  const SHOWN_AFTER = 1_500;
  const CLOSED = 2;

  let source = null;
  let tag = "";
  let failures = 0;
  let heard = 0;
  let timer = 0;
  let offlineTimer = 0;
  let hiddenTimer = 0;
  let isOver = false;
  let isApplying = false;
  let waiting = [];
  let isBusy = false;
  let morph = null;

  /* --- the stream ------------------------------------------------------------------------------------ */

  /** Returns where this page hears of changes, with the version that it has; null where it is a still one. */
  function address() {
    const given = document.body.dataset.live;
    if (!given) return null;
    const found = new URL(given, location.href);
    if (tag) found.searchParams.set("v", tag);
    return found;
  }

  function open() {
    clearTimeout(timer);
    const place = address();
    if (source !== null || isOver || document.hidden || place === null || !app.turn.take()) return;
    source = new EventSource(place);
    heard = Date.now();
    source.addEventListener("hello", (event) => hello(JSON.parse(event.data)));
    source.addEventListener("news", (event) => take(JSON.parse(event.data), event.lastEventId));
    source.addEventListener("beat", () => { heard = Date.now(); });
    source.addEventListener("notice", (event) => say(JSON.parse(event.data)));
    source.addEventListener("end", signedOut);
    source.addEventListener("error", failed);
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  /** Lets another page of this browser have the connection. */
  function yieldTurn() {
    close();
    app.turn.leave();
  }

  /** Begins anew at once, whatever was waited for. */
  function again() {
    close();
    failures = 0;
    open();
  }

  function hello(assets) {
    heard = Date.now();
    failures = 0;
    connected();
    const own = [document.querySelector('script[src*="/app.js"]')?.getAttribute("src"), document.querySelector('link[href*="/app.css"]')?.getAttribute("href")];
    if (own.join() !== assets.join()) {
      stop();
      say("The server was updated since this page was loaded.", "Load it anew", () => location.reload());
    }
  }

  /** Says no more that the server cannot be reached. */
  function connected() {
    clearTimeout(offlineTimer);
    offlineTimer = 0;
    document.body.classList.remove("is-offline");
  }

  async function failed() {
    const wasRefused = source?.readyState === CLOSED;
    const place = address();
    close();
    failures += 1;
    if (offlineTimer === 0) offlineTimer = setTimeout(() => document.body.classList.add("is-offline"), SHOWN_AFTER);
    const wait = Math.min(LATEST, SOON * 2 ** (failures - 1));
    timer = setTimeout(open, wait * (0.75 + Math.random() / 2));
    if (wasRefused && place !== null && (await refusal(place)) === 401) signedOut();
  }

  /** Asks why there is no stream; 0 where nobody answers. */
  async function refusal(place) {
    const asking = new AbortController();
    try {
      const { status } = await fetch(place, { signal: asking.signal, headers: { Accept: "text/event-stream" } });
      asking.abort();
      return status;
    } catch {
      return 0;
    }
  }

  function stop() {
    isOver = true;
    yieldTurn();
    connected();
  }

  function signedOut() {
    stop();
    const back = encodeURIComponent(location.pathname + location.search);
    say("You are signed out; what you see stays as it is.", "Sign in", () => location.assign(`/sign-in?to=${back}`));
  }

  /** Says why this page does not follow what happens; nothing takes that back. */
  function say(words, action = "", act = null) {
    let note = document.getElementById("live-note");
    if (note === null) {
      note = app.el("p", { class: "offline is-shown", id: "live-note", role: "status" });
      document.getElementById("main")?.before(note);
    }
    note.replaceChildren(words);
    if (act !== null) note.append(" ", app.el("button", { type: "button", class: "button is-small", click: act }, action));
    note.hidden = words === "";
  }

  /* --- what comes ------------------------------------------------------------------------------------ */

  function take(operations, version) {
    heard = Date.now();
    tag = version;
    if (isBusy) waiting.push(...operations);
    else apply(operations);
  }

  /** Carries operations out in order; a page that lacks a place for one of them is fetched anew. */
  function apply(operations) {
    document.dispatchEvent(new CustomEvent("live:applying"));
    const focus = new Focus();
    const hold = new Hold();
    const leaving = [];
    let isWhole = true;
    isApplying = true;
    try {
      for (const [kind, ...rest] of operations) {
        if (kind === "title") document.title = `${rest[0]} · Counterfoil`;
        else if (kind === "html") isWhole = inside(...rest) && isWhole;
        else if (kind === "list") isWhole = list(...rest, leaving) && isWhole;
        else if (kind === "put") isWhole = put(...rest) && isWhole;
        else if (kind === "del") leaving.push(rest);
      }
      for (const [place, id] of leaving) {
        const item = document.getElementById(id);
        if (item !== null && item.parentElement?.id === place) {
          focus.leaves(item);
          item.remove();
        }
      }
    } finally {
      isApplying = false;
    }
    hold.restore();
    focus.restore();
    document.dispatchEvent(new CustomEvent("live:applied"));
    if (!isWhole) reload();
  }

  function fragment(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  }

  function inside(id, html) {
    const place = document.getElementById(id);
    if (place === null) return false;
    morph(place, fragment(html), true);
    htmx.process(place);
    return true;
  }

  /** Gives a list its items: those that are there already are moved and changed, not replaced. What is to leave goes
      last, since it may belong to another list. */
  function list(id, html, leaving) {
    const place = document.getElementById(id);
    if (place === null) return false;
    const items = [...fragment(html).children];
    const wanted = new Set(items.map((item) => item.id));
    for (const item of [...place.children]) {
      if (!wanted.has(item.id)) leaving.push([id, item.id]);
    }
    let follower = null;
    for (const item of items.reverse()) follower = set(place, item, follower);
    return true;
  }

  function put(id, name, html, before) {
    const place = document.getElementById(id);
    const item = fragment(html).firstElementChild;
    if (place === null || item === null) return false;
    const follower = before === null ? null : document.getElementById(before);
    set(place, item, follower?.parentElement === place ? follower : null);
    return true;
  }

  /** Puts an item before another one; returns the element that it has become. */
  function set(place, item, follower) {
    const known = document.getElementById(item.id);
    if (known === null) {
      place.insertBefore(item, follower);
      htmx.process(item);
      return item;
    }
    if (known.parentElement !== place || known.nextElementSibling !== follower) move(place, known, follower);
    const holder = document.createDocumentFragment();
    holder.append(item);
    morph(known, holder, false);
    const made = document.getElementById(item.id) ?? known;
    htmx.process(made);
    return made;
  }

  /** Moves an element as it is: with its focus, its selection and whatever runs in it, where the browser can. */
  function move(place, item, follower) {
    if (typeof place.moveBefore === "function") {
      try {
        place.moveBefore(item, follower);
        return;
      } catch {
        /* It was not in this document. */
      }
    }
    place.insertBefore(item, follower);
  }

  /* --- what stays ------------------------------------------------------------------------------------ */

  const STATES = { DETAILS: ["open"], DIALOG: ["open"], INPUT: ["value", "checked"], OPTION: ["selected"] };

  /** Tells whether somebody is about to write something in a field, or has. */
  function isTyped(field) {
    if (field.matches("input[type=hidden], input[type=submit], input[type=button]")) return false;
    if (field === document.activeElement) return true;
    if (field.matches("input[type=checkbox], input[type=radio]")) return field.checked !== field.defaultChecked;
    if (field.matches("input, textarea")) return field.value !== field.defaultValue;
    if (field.matches("select")) return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return false;
  }

  htmx.registerExtension("live", {
    init(api) {
      morph = api.morph;
    },
    htmx_before_morph_node(element, { newNode }) {
      if (!isApplying || !(element instanceof Element)) return true;
      if (element.matches("[data-keep], [contenteditable]:focus")) return false;
      if (element.matches("textarea, select") && isTyped(element)) return false;
      return !(element.matches("time") && element.dateTime === newNode.getAttribute?.("datetime"));
    },
    htmx_before_morph_attr(element, { attrName }) {
      if (!isApplying) return true;
      if (element.matches("details, dialog") && attrName === "open") return false;
      if (element.matches("[popover]:popover-open") && attrName === "popover") return false;
      if (element.matches("input, option") && STATES[element.tagName].includes(attrName)) return !isTyped(element.closest("select") ?? element);
      const kept = element.closest("[data-keep-attributes]")?.dataset.keepAttributes;
      return !kept?.split(" ").includes(attrName);
    },
  });

  /** Who has the focus before something changes, and who gets it if that one goes. */
  class Focus {
    constructor() {
      this.element = document.activeElement === document.body ? null : document.activeElement;
      this.range = selection(this.element);
      this.heirs = [];
      this.lost = "";
      const item = this.element?.closest("li[id], tr[id], article[id]");
      if (item) this.#note(item);
    }

    leaves(item) {
      if (item.contains(this.element)) this.#note(item);
    }

    #note(item) {
      const after = [];
      const before = [];
      for (let one = item.nextElementSibling; one; one = one.nextElementSibling) after.push(one);
      for (let one = item.previousElementSibling; one; one = one.previousElementSibling) before.push(one);
      this.heirs = [...after, ...before, item.parentElement];
      this.lost = item.querySelector("a, h2, h3")?.textContent.trim() ?? "";
    }

    restore() {
      if (this.element === null || document.activeElement === this.element) return;
      if (this.element.isConnected) {
        this.element.focus({ preventScroll: true });
        if (this.range !== null) this.element.setSelectionRange(...this.range);
        return;
      }
      if (document.activeElement !== document.body && document.activeElement !== null) return;
      const twin = this.element.id && document.getElementById(this.element.id);
      const heir = twin || this.heirs.filter((one) => one?.isConnected).map(focusable).find((one) => one !== null);
      (heir ?? document.getElementById("main"))?.focus({ preventScroll: true });
      if (!twin && this.lost) app.announce(`${this.lost} is no longer here.`);
    }
  }

  function selection(element) {
    try {
      return element?.selectionStart == null ? null : [element.selectionStart, element.selectionEnd, element.selectionDirection];
    } catch {
      return null;
    }
  }

  function focusable(element) {
    const able = "a[href], button:not(:disabled), input:not(:disabled), [tabindex]";
    return element.matches(able) ? element : element.querySelector(able);
  }

  /** Keeps what is looked at where it is while things come in above it, where the browser does not do so itself. */
  class Hold {
    constructor() {
      const isDone = CSS.supports("overflow-anchor", "auto");
      this.element = isDone || scrollY === 0 ? null : document.elementFromPoint(innerWidth / 2, innerHeight / 3);
      this.top = this.element?.getBoundingClientRect().top ?? 0;
    }

    restore() {
      if (this.element?.isConnected) scrollBy(0, this.element.getBoundingClientRect().top - this.top);
    }
  }

  /* --- the page as a whole --------------------------------------------------------------------------- */

  let reloading = null;

  /** Fetches the page and makes this one like it, without losing anything that stays. */
  function reload() {
    reloading ??= fetchPage().finally(() => { reloading = null; });
    return reloading;
  }

  async function fetchPage() {
    const here = location.href;
    let text = "";
    try {
      const response = await fetch(here, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (response.redirected || !response.ok) {
        location.reload();
        return;
      }
      text = await response.text();
    } catch {
      return; // offline: the stream says so
    }
    if (here !== location.href) return;
    const page = new DOMParser().parseFromString(text, "text/html");
    const fresh = document.createDocumentFragment();
    const main = page.getElementById("main");
    const old = document.getElementById("main");
    if (main === null || old === null) return;
    fresh.append(...main.childNodes);
    const focus = new Focus();
    isApplying = true;
    try {
      morph(old, fresh, true);
    } finally {
      isApplying = false;
    }
    htmx.process(old);
    focus.restore();
    document.title = page.title;
    follow(page.body.dataset.live ?? "");
    document.dispatchEvent(new CustomEvent("live:applied"));
  }

  /** Follows another page from now on. */
  function follow(given) {
    if (given) document.body.dataset.live = given;
    else delete document.body.dataset.live;
    tag = "";
    waiting = [];
    again();
  }

  async function refresh() {
    await app.send("/refresh");
    await reload();
  }

  /* Filters and pages that htmx fetches are other views: the answer says where to listen. */
  document.addEventListener("htmx:after:swap", (event) => {
    const { text, request } = event.detail.ctx ?? {};
    if (request?.method !== "GET" || typeof text !== "string") return;
    const given = /<body[^>]*\sdata-live="([^"]*)"/.exec(text.slice(0, 8192))?.[1].replaceAll("&amp;", "&");
    const page = given && new URL(given, location.href).searchParams.get("page");
    if (page === location.pathname + location.search) follow(given);
  });

  app.live = {
    refresh,
    get isBusy() {
      return isBusy;
    },
    set isBusy(value) {
      isBusy = value;
      if (!value && waiting.length > 0) apply(waiting.splice(0));
    },
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-refresh]")) {
      event.preventDefault();
      refresh();
    }
  });
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiddenTimer);
    if (document.hidden) hiddenTimer = setTimeout(yieldTurn, HIDDEN);
    else if (source === null || Date.now() - heard > SILENT) again();
  });
  addEventListener("online", again);
  addEventListener("pagehide", yieldTurn);
  app.turn.follow({ open: again, close: () => { close(); connected(); }, look: () => isBusy || isOver || reload() });
  addEventListener("pageshow", (event) => event.persisted && again());
  setInterval(() => {
    if (source !== null && Date.now() - heard > SILENT) again();
  }, SILENT / 4);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", open);
  else open();
})();
