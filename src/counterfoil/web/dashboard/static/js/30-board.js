/* The board: cards are moved by pointer, by a long press, and by keyboard; what lies behind a column's end is fetched.

   A card may go where the column says that it may (data-to). It is shown there at once and sent; what the server then
   pushes is what counts, and a refusal takes the card back.
*/
(() => {
  "use strict";
  const app = window.counterfoil;
  const { el } = app;
  const FAR = 6;
  const PRESS = 380;
  const EDGE = 48;
  const SETTLED = 1500;
  const WORDS = (state) => state.replace("_", " ");

  const board = () => document.getElementById("board");
  const mayChange = () => board()?.hasAttribute("data-may-change") ?? false;
  const idOf = (card) => card.id.slice("card-".length);
  const nameOf = (card) => card.querySelector(".id")?.textContent ?? "";
  const columnOf = (card) => card.closest(".column");
  const linkOf = (card) => card.querySelector("a");
  const allowed = (column) => (column.dataset.to ? column.dataset.to.split(" ") : []);
  const columns = () => [...(board()?.querySelectorAll(".column") ?? [])];
  const columnFor = (state) => columns().find((one) => one.dataset.state === state);
  const cardsIn = (column) => [...column.querySelectorAll(".card")];
  const firstCard = () => board()?.querySelector(".card") ?? null;

  function say(words) {
    const place = document.getElementById("board-words");
    if (place !== null) place.textContent = words;
  }

  /* --- moving ---------------------------------------------------------------------------------------- */

  const act = (card, name, fields) => app.send(`/tickets/${board().dataset.project}/${idOf(card)}/${name}`, fields);

  /** Shows a card in another column and sends that it goes there. */
  async function move(card, state) {
    const from = card.parentElement;
    const follower = card.nextElementSibling;
    const to = columnFor(state);
    const hadFocus = card.contains(document.activeElement);
    to.querySelector(".cards").prepend(card);
    card.classList.add("is-moving");
    card.setAttribute("aria-busy", "true");
    if (hadFocus) linkOf(card).focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    const told = await act(card, "move", { state });
    card.removeAttribute("aria-busy");
    if (told?.level === "done") {
      say(`${nameOf(card)} is ${WORDS(state)}.`);
      setTimeout(() => settle(card, to), SETTLED);
      return;
    }
    card.classList.remove("is-moving");
    if (card.isConnected && columnOf(card) === to) {
      const isFocused = card.contains(document.activeElement);
      from.insertBefore(card, follower?.parentElement === from ? follower : null);
      if (isFocused) linkOf(card).focus({ preventScroll: true });
    }
    say(told?.message ?? "");
  }

  /** Ends the waiting for what the server pushes: a card that it did not send is behind the column's end. */
  function settle(card, column) {
    if (!card.classList.contains("is-moving")) return;
    card.classList.remove("is-moving");
    if (card.isConnected && columnOf(card) === column && column.querySelector(".rest a")) card.remove();
  }

  /* --- by pointer ------------------------------------------------------------------------------------ */

  let drag = null;

  class Drag {
    constructor(card, event) {
      this.card = card;
      this.pointer = event.pointerId;
      this.isTouch = event.pointerType !== "mouse";
      this.x = this.startX = event.clientX;
      this.y = this.startY = event.clientY;
      this.ghost = null;
      this.hasMoved = false;
      this.over = null;
      if (this.isTouch) this.timer = setTimeout(() => this.lift(), PRESS);
    }

    lift() {
      const box = this.card.getBoundingClientRect();
      this.offsetX = this.startX - box.left;
      this.offsetY = this.startY - box.top;
      this.ghost = this.card.cloneNode(true);
      this.ghost.removeAttribute("id");
      this.ghost.className = "card ghost";
      this.ghost.inert = true;
      this.ghost.style.inlineSize = `${box.width}px`;
      document.body.append(this.ghost);
      showTargets(this.card);
      app.live.isBusy = true;
      if (this.isTouch) navigator.vibrate?.(10);
      this.draw();
      this.scroll();
    }

    to(event) {
      this.x = event.clientX;
      this.y = event.clientY;
      const far = Math.hypot(this.x - this.startX, this.y - this.startY);
      if (this.ghost === null) {
        if (far < FAR) return;
        if (this.isTouch) return end(false);
        this.lift();
      }
      this.hasMoved ||= far >= FAR;
      this.draw();
    }

    draw() {
      this.ghost.style.translate = `${this.x - this.offsetX}px ${this.y - this.offsetY}px`;
      const column = document.elementFromPoint(this.x, this.y)?.closest(".column") ?? null;
      const over = column?.classList.contains("can-drop") ? column : null;
      if (over === this.over) return;
      this.over?.classList.remove("is-over");
      over?.classList.add("is-over");
      this.over = over;
    }

    /** Goes on scrolling while the pointer is at an edge. */
    scroll() {
      if (this.ghost === null || drag !== this) return;
      const place = board();
      const box = place.getBoundingClientRect();
      if (this.x > box.right - EDGE) place.scrollLeft += 12;
      else if (this.x < box.left + EDGE) place.scrollLeft -= 12;
      requestAnimationFrame(() => this.scroll());
    }
  }

  /** Shows where a card may go. */
  function showTargets(card) {
    const own = columnOf(card);
    card.classList.add("is-lifted");
    board().classList.add("is-dragging");
    for (const column of columns()) {
      column.classList.toggle("can-drop", column !== own && allowed(own).includes(column.dataset.state));
      column.classList.toggle("is-origin", column === own);
    }
  }

  function hideTargets(card) {
    card?.classList.remove("is-lifted");
    board()?.classList.remove("is-dragging");
    for (const column of columns()) column.classList.remove("can-drop", "is-origin", "is-over");
  }

  function end(isDropped) {
    const { card, ghost, over, hasMoved, isTouch, timer } = drag;
    drag = null;
    clearTimeout(timer);
    if (ghost === null) return;
    ghost.remove();
    hideTargets(card);
    if (isDropped && over !== null) move(card, over.dataset.state);
    else if (isDropped && isTouch && !hasMoved) openMenu(card);
    app.live.isBusy = false;
    // The click that may follow was no click on the link; there is none when the card has gone elsewhere.
    addEventListener("click", noClick, true);
    setTimeout(() => removeEventListener("click", noClick, true), 50);
  }

  const noClick = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };

  document.addEventListener("pointerdown", (event) => {
    const card = event.target.closest?.("#board .card");
    if (!card || drag !== null || !event.isPrimary || event.button !== 0 || !mayChange()) return;
    if (event.target.closest(".badge, button")) return;
    drag = new Drag(card, event);
  });
  document.addEventListener("pointermove", (event) => drag?.pointer === event.pointerId && drag.to(event));
  document.addEventListener("pointerup", (event) => drag?.pointer === event.pointerId && end(true));
  document.addEventListener("pointercancel", (event) => drag?.pointer === event.pointerId && end(false));
  document.addEventListener("touchmove", (event) => drag?.ghost && event.preventDefault(), { passive: false });
  document.addEventListener("dragstart", (event) => event.target.closest?.("#board .card") && event.preventDefault());
  document.addEventListener("contextmenu", (event) => drag?.isTouch && event.preventDefault());

  /* --- by keyboard ----------------------------------------------------------------------------------- */

  let carried = null;

  function carry(card) {
    const targets = columns().filter((one) => allowed(columnOf(card)).includes(one.dataset.state));
    if (targets.length === 0) {
      say(`${nameOf(card)} can go nowhere from here.`);
      return;
    }
    carried = { card, targets, at: -1 };
    showTargets(card);
    app.live.isBusy = true;
    say(`${nameOf(card)} is lifted. Left and right choose a column, space drops, escape leaves it.`);
  }

  function aim(step) {
    const { targets } = carried;
    const places = columns();
    const from = carried.at < 0 ? places.indexOf(columnOf(carried.card)) : places.indexOf(targets[carried.at]);
    const next = step > 0 ? targets.findIndex((one) => places.indexOf(one) > from) : targets.findLastIndex((one) => places.indexOf(one) < from);
    if (next < 0) return;
    carried.at = next;
    for (const one of targets) one.classList.toggle("is-over", one === targets[next]);
    targets[next].scrollIntoView({ block: "nearest", inline: "nearest" });
    say(WORDS(targets[next].dataset.state));
  }

  function drop(isDropped) {
    const { card, targets, at } = carried;
    carried = null;
    hideTargets(card);
    if (isDropped && at >= 0) move(card, targets[at].dataset.state);
    else say(`${nameOf(card)} stays.`);
    app.live.isBusy = false;
  }

  /** Goes from card to card: up and down in a column, left and right to the card beside. */
  function step(card, name) {
    const own = columnOf(card);
    const here = cardsIn(own);
    const at = here.indexOf(card);
    let next = null;
    if (name === "ArrowDown" || name === "j") next = here[at + 1];
    else if (name === "ArrowUp" || name === "k") next = here[at - 1];
    else if (name === "Home") next = here[0];
    else if (name === "End") next = here.at(-1);
    else {
      const all = columns();
      const order = name === "ArrowRight" ? all.slice(all.indexOf(own) + 1) : all.slice(0, all.indexOf(own)).reverse();
      const beside = order.map(cardsIn).find((found) => found.length > 0);
      next = beside?.[Math.min(at, beside.length - 1)];
    }
    if (next) linkOf(next).focus();
  }

  const STEPS = ["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End", "j", "k"];

  document.addEventListener("keydown", (event) => {
    if (drag?.ghost && event.key === "Escape") {
      end(false);
      event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (carried !== null) {
      if (event.key === "ArrowRight") aim(1);
      else if (event.key === "ArrowLeft") aim(-1);
      else if (event.key === " " || event.key === "Enter") drop(true);
      else if (event.key === "Escape" || event.key === "Tab") drop(false);
      event.preventDefault();
      return;
    }
    const isAnywhere = document.activeElement === document.body || document.activeElement?.id === "main";
    const card = document.activeElement?.closest?.("#board .card") ?? (isAnywhere && ["ArrowDown", "j"].includes(event.key) ? firstCard() : null);
    if (!card || app.isTyping(event.target) || document.querySelector("dialog:modal, #card-menu:popover-open")) return;
    if (isAnywhere) linkOf(card).focus();
    else if (STEPS.includes(event.key)) step(card, event.key);
    else if (event.key === "m" && mayChange()) openMenu(card);
    else if (event.key === " " && mayChange()) carry(card);
    else return;
    event.preventDefault();
  }, true);

  /* --- the menu of a card ---------------------------------------------------------------------------- */

  let more = null;

  function openMenu(card) {
    document.getElementById("card-menu")?.remove();
    const own = columnOf(card);
    const choices = [];
    const choice = (words, icon, act) => choices.push(el("button", { type: "button", class: "place", role: "menuitem", click: () => { menu.hidePopover(); act(); } }, icon, el("span", { class: "word" }, words)));
    const sign = (name) => el("i", { class: `i i-${name}`, "aria-hidden": "true" });
    for (const state of allowed(own)) {
      choice(`Move to ${WORDS(state)}`, el("span", { class: `state s-${state} is-bare` }, el("span", {}, "")), () => move(card, state));
    }
    const isOpen = own.dataset.state !== "done";
    if (isOpen && own.dataset.state === "ready") choice("Claim it and begin", sign("lock"), () => act(card, "claim", {}));
    if (isOpen && card.querySelector(".is-claim")) choice("Give the claim back", sign("undo"), () => act(card, "release", {}));
    if (isOpen) {
      const has = card.querySelector(".prio")?.classList;
      for (const one of ["p0", "p1", "p2", "p3"]) {
        if (!has?.contains(one)) choice(`Priority ${one.toUpperCase()}`, el("span", { class: `prio ${one} is-bare` }, el("span", {}, "")), () => act(card, "priority", { priority: one }));
      }
      choice("Assign to me", sign("human"), () => act(card, "assign", { assignee: "me" }));
      if (card.querySelector(".actor")) choice("Assign to nobody", sign("close"), () => act(card, "assign", { assignee: "none" }));
    }
    choice("Open", sign("right"), () => linkOf(card).click());
    const menu = el("div", { class: "sheet-menu", id: "card-menu", popover: "auto", role: "menu", "aria-label": `What to do with ${nameOf(card)}` }, ...choices);
    menu.addEventListener("keydown", (event) => {
      const at = choices.indexOf(document.activeElement);
      const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: choices.length - 1 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      choices[(next + choices.length) % choices.length].focus();
    });
    menu.addEventListener("toggle", (event) => {
      if (event.newState !== "closed") return;
      const isLeft = document.activeElement === document.body || menu.contains(document.activeElement);
      menu.remove();
      if (isLeft && card.isConnected) linkOf(card).focus({ preventScroll: true });
    });
    document.body.append(menu);
    menu.showPopover();
    const box = card.getBoundingClientRect();
    const own_box = menu.getBoundingClientRect();
    menu.style.left = `${Math.max(8, Math.min(box.left + 12, innerWidth - own_box.width - 8))}px`;
    menu.style.top = `${Math.max(8, Math.min(box.top + 28, innerHeight - own_box.height - 8))}px`;
    choices[0].focus();
  }

  /** One button goes from card to card with the pointer and the focus; hundreds would only make the page larger. */
  function offer(card) {
    if (!mayChange() || drag?.ghost || more?.parentElement === card) return;
    more ??= el("button", { type: "button", class: "button is-quiet is-icon is-small card-more", click: () => openMenu(more.closest(".card")) },
      el("i", { class: "i i-more", "aria-hidden": "true" }));
    more.setAttribute("aria-label", `What to do with ${nameOf(card)}`);
    card.append(more);
  }
  document.addEventListener("pointerover", (event) => {
    const card = event.pointerType === "mouse" && event.target.closest?.("#board .card");
    if (card && !more?.contains(document.activeElement)) offer(card);
  });
  document.addEventListener("focusin", (event) => {
    const card = event.target.closest?.("#board .card");
    if (card && event.target !== more) offer(card);
  });

  /* --- what lies behind ------------------------------------------------------------------------------ */

  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) fetchMore(target);
  }, { rootMargin: "300px" });
  const busy = new Set();

  function extraOf(rest) {
    let extra = rest.parentElement.querySelector(".cards.extra");
    if (extra === null) {
      extra = el("ol", { class: "cards extra", "data-keep": true });
      rest.before(extra);
    }
    return extra;
  }

  async function portion(link, from) {
    const first = link.closest(".pile").querySelector(".cards").childElementCount;
    const response = await fetch(`${link.dataset.fetch}&from=${first + from}`, { headers: { "HX-Request": "true" } });
    if (!response.ok) return [];
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    return [...template.content.children];
  }

  async function fetchMore(link) {
    const rest = link.closest(".rest");
    if (rest === null || busy.has(rest)) return;
    busy.add(rest);
    try {
      const extra = extraOf(rest);
      const found = await portion(link, extra.childElementCount);
      extra.append(...found.filter((card) => document.getElementById(card.id) === null));
      count(rest, found.length === 0);
    } finally {
      busy.delete(rest);
    }
    const again = rest.querySelector("a");
    if (again && !again.hidden) {
      seen.unobserve(again);
      seen.observe(again);
    }
  }

  /** Says how many are still behind. */
  function count(rest, isAll) {
    const link = rest.querySelector("a[data-fetch]");
    if (link === null) return;
    const left = Number.parseInt(link.dataset.count, 10) - (rest.parentElement.querySelector(".cards.extra")?.childElementCount ?? 0);
    link.hidden = isAll || left <= 0;
    link.textContent = `${left} more`;
  }

  /** What was fetched is fetched anew when the server says that it is not so any more. */
  async function refetch(rest) {
    const link = rest.querySelector("a[data-fetch]");
    const extra = rest.parentElement.querySelector(".cards.extra");
    if (extra === null) return;
    if (link === null) {
      extra.remove();
      return;
    }
    if (busy.has(rest)) return;
    busy.add(rest);
    try {
      const wanted = extra.childElementCount;
      const found = [];
      while (found.length < wanted) {
        const next = await portion(link, found.length);
        if (next.length === 0) break;
        found.push(...next);
      }
      const focused = extra.contains(document.activeElement) ? document.activeElement.closest(".card").id : "";
      extra.replaceChildren(...found.filter((card) => !document.getElementById(card.id) || extra.contains(document.getElementById(card.id))));
      if (focused) linkOf(document.getElementById(focused) ?? extra)?.focus({ preventScroll: true });
      count(rest, false);
    } finally {
      busy.delete(rest);
    }
  }

  const changed = new MutationObserver((records) => {
    for (const rest of new Set(records.map((record) => record.target.closest?.(".rest")).filter(Boolean))) {
      const link = rest.querySelector("a[data-fetch]");
      const stamp = link?.dataset.stamp ?? "";
      if (stamp === rest.dataset.seen) continue;
      rest.dataset.seen = stamp;
      refetch(rest);
      if (link) seen.observe(link);
    }
  });

  function watch() {
    for (const rest of board()?.querySelectorAll(".rest") ?? []) {
      if (rest.dataset.seen !== undefined) continue;
      const link = rest.querySelector("a[data-fetch]");
      rest.dataset.seen = link?.dataset.stamp ?? "";
      changed.observe(rest, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-stamp"] });
      if (link) seen.observe(link);
    }
  }

  document.addEventListener("htmx:after:swap", watch);
  document.addEventListener("DOMContentLoaded", () => {
    watch();
    if (mayChange()) app.bind("m", "Move the card that has the focus, or change it", () => firstCard()?.querySelector("a").focus());
  });
})();
