/* Deciding: keys and thumbs in the inbox, and the forms that answer proposals on every page.

   form[data-answer]      is sent as a change; what it is about says which proposal, and the digest of what was seen
   [data-decision]        one decision of the inbox; j and k go from one to the next
   [data-fold]            closes the <details> it is in
   What one is about to press never becomes something else: a decision that others have made leaves its place empty
   until one moves on, and for a moment after the list has moved nothing is approved in it. And nothing is approved
   before the end of its change was on the screen. Of a change of several parts the server wants to have sent each: until
   then `a` leads to the next part that is still to be opened, and `r` rejects from any of them.
*/
(() => {
  "use strict";
  const app = window.counterfoil;
  const { el } = app;
  const SETTLES = 600;
  const list = () => document.getElementById("inbox-yours");
  const rows = () => [...document.querySelectorAll("#inbox-yours > [data-decision]")];
  const sizes = new WeakMap();
  const inView = new WeakSet();
  const read = new WeakSet();
  const atHand = new WeakSet();
  let moved = -SETTLES;
  let timer = 0;
  let anchors = [];

  /* --- sending an answer ------------------------------------------------------------------------------ */

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset.answer) return;
    event.preventDefault();
    if (form.ariaBusy === "true" || (form.closest("#inbox-yours") && isMoving())) return;
    const row = form.closest("[data-decision]");
    const unread = isApproval(form, event.submitter) ? concerned(form).find((one) => !isRead(one)) : undefined;
    if (unread) {
      readOn(unread);
      return;
    }
    const fields = {};
    for (const [name, value] of new FormData(form, event.submitter)) (fields[name] ??= []).push(value);
    form.ariaBusy = "true";
    row?.classList.add("is-answered");
    if (row) row.dataset.mine = "";
    const told = await app.send(form.action, fields);
    form.ariaBusy = "false";
    if (told === null || told.level === "error") {
      row?.classList.remove("is-answered");
      delete row?.dataset.mine;
      say(row ?? form.closest(".answer, .together"), told?.message ?? "");
    } else if (form.dataset.answer === "together") {
      outcomes(told.data?.outcomes ?? []);
    } else if (row) {
      row.querySelectorAll("details[open]").forEach((one) => { one.open = false; });
      if (row.contains(document.activeElement)) go(row, 1);
    }
    if (told !== null && !told.place && !document.body.dataset.live && told.level !== "error") location.reload();
  });

  /* --- reading before approving ------------------------------------------------------------------------- */

  const isApproval = (form, submitter) => form.dataset.answer === "approve" || submitter?.value === "approve";

  /** Returns the decisions, or the page, that a form is about. */
  function concerned(form) {
    if (form.dataset.answer !== "together") return [form.closest("[data-decision], [data-proposal]")];
    return [...document.querySelectorAll(".pick input:checked")].map((box) => box.closest("[data-decision]"));
  }

  /** Returns the last line of a change; of lines that stand beside others the last of these, however many they are. */
  function endOf(place) {
    const end = place.querySelector(":is(.shown, #p-change .shown) > .change")?.lastElementChild ?? null;
    return end?.matches(".pair") ? end.lastElementChild : end;
  }

  /** Tells whether the end of a change was on the screen, or is: not behind what lies above the page. */
  function isRead(place) {
    const end = endOf(place);
    if (end === null || read.has(end)) return true;
    const { left, bottom, height } = end.getBoundingClientRect();
    const at = document.elementFromPoint(left + 4, bottom - Math.min(6, height / 2));
    if (at === null || !end.contains(at)) return false;
    read.add(end);
    return true;
  }

  function readOn(place) {
    const end = endOf(place);
    end.scrollIntoView({ block: "center" });
    app.tell({ level: "pending", message: "Here is the rest of the change: read it, then approve" });
  }

  /** Notes what was read, as one scrolls. */
  function noteRead() {
    for (const place of document.querySelectorAll("[data-decision], [data-proposal]")) {
      if (place.matches("[data-proposal]") || inView.has(place)) isRead(place);
    }
  }

  /** Says beside the buttons why nothing came of them. */
  function say(place, words) {
    const outcome = place?.querySelector(".outcome");
    if (outcome) outcome.textContent = words;
  }

  function outcomes(found) {
    for (const one of found) {
      const row = document.getElementById(one.element);
      const box = row?.querySelector(".pick input");
      if (box) box.checked = false;
      if (!row) continue;
      if (one.is_done) {
        row.dataset.mine = "";
        row.classList.add("is-answered");
      } else {
        say(row, one.message);
      }
    }
    choose();
  }

  /* --- what is meant ---------------------------------------------------------------------------------- */

  const current = () => document.activeElement?.closest?.("[data-decision]") ?? null;

  function stand(row) {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  /** Goes on from a decision: to the next that still waits, or to the one before. */
  function go(from, step) {
    clear();
    const open = rows().filter((row) => row === from || !row.classList.contains("is-answered"));
    const at = from === null ? (step > 0 ? -1 : open.length) : open.indexOf(from);
    const next = open[at + step] ?? (from !== null && from.classList.contains("is-answered") ? open[at - step] : undefined);
    if (next) stand(next);
  }

  /** Returns the decision that is meant, if it is before one's eyes; else brings it there, and nothing more. */
  function meant() {
    const row = current();
    if (row === null) {
      const first = rows().find((one) => inView.has(one)) ?? rows()[0];
      if (first) stand(first);
      return null;
    }
    return row.classList.contains("is-answered") ? null : row;
  }

  function approve(event) {
    const own = document.querySelector("[data-proposal] .answer");
    const row = own ?? meant();
    if (row === null || event.repeat) return;
    const long = row.querySelector?.("details.long:not([open])");
    if (long) {
      long.open = true;
      long.scrollIntoView({ block: "nearest" });
      return;
    }
    const sure = row.querySelector("details.sure");
    const form = row.querySelector(":scope form[data-answer=approve]");
    if (sure) unfold(sure, ".button.is-main:not(summary)");
    else if (form && !isMoving()) form.requestSubmit();
    else row.querySelector(".answer > a.is-main, a.is-main[href]")?.click();
  }

  function reject(event) {
    const row = document.querySelector("[data-proposal] .answer") ?? meant();
    if (row === null || event.repeat) return;
    const long = row.querySelector("details.long:not([open])");
    if (long) long.open = true;
    const details = row.querySelector("details.reject");
    if (details) unfold(details, "textarea");
  }

  function unfold(details, first) {
    details.open = true;
    const found = details.querySelector(first);
    found?.focus({ preventScroll: true });
    found?.scrollIntoView({ block: "nearest" });
  }

  function fold(details) {
    details.open = false;
    (details.closest("[data-decision]") ?? details.querySelector("summary")).focus({ preventScroll: true });
  }

  const click = (selector) => () => (document.querySelector("[data-proposal]") ?? meant())?.querySelector(selector)?.click();

  function choose() {
    const boxes = [...document.querySelectorAll(".pick input")];
    const chosen = boxes.filter((box) => box.checked);
    const action = chosen[0]?.dataset.action;
    for (const box of boxes) box.disabled = chosen.length > 0 && box.dataset.action !== action;
    const words = document.querySelector(".together .chosen");
    if (words) words.textContent = chosen.length === 0 ? "" : `${chosen.length} × ${action}`;
  }

  function unpick() {
    for (const box of document.querySelectorAll(".pick input:checked")) box.checked = false;
    choose();
  }

  /* --- nothing moves under the thumb -------------------------------------------------------------------- */

  const isMoving = () => performance.now() - moved < SETTLES;

  function shaken() {
    moved = performance.now();
    list().dataset.moving = "";
    clearTimeout(timer);
    timer = setTimeout(() => delete list().dataset.moving, SETTLES);
  }

  /** Notes where the decisions are that can be seen, before anything changes. */
  function note() {
    anchors = rows().filter((row) => inView.has(row)).map((row) => [row, row.getBoundingClientRect().top]);
  }

  /** Brings what can be seen back to where it was. */
  function hold() {
    const kept = anchors.find(([row]) => row.isConnected);
    if (kept) scrollBy({ top: kept[0].getBoundingClientRect().top - kept[1], behavior: "instant" });
    anchors = [];
  }

  /** Takes away the empty places. */
  function clear() {
    const empty = document.querySelectorAll("#inbox-yours > .is-gone");
    if (empty.length > 0) {
      empty.forEach((one) => one.remove());
      shaken();
    }
  }

  /** Leaves the place of a decision that somebody else has made as it was. */
  function leave(row, before) {
    const size = sizes.get(row);
    if (!size || "mine" in row.dataset || !inView.has(row)) return false;
    const link = row.querySelector("[data-open]");
    const place = el("li", { class: "decision is-gone" },
      el("p", {}, `No longer waits for you: ${link?.textContent ?? ""}`),
      el("div", { class: "buttons" },
        el("a", { class: "button is-small", href: link?.getAttribute("href") }, "What became of it"),
        el("button", { type: "button", class: "button is-small is-quiet", click: clear }, "Go on")));
    list().insertBefore(place, before?.parentElement === list() ? before : null);
    place.style.setProperty("block-size", `${size}px`);
    return true;
  }

  function watch() {
    const place = list();
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) (entry.isIntersecting ? inView.add(entry.target) : inView.delete(entry.target));
    });
    const measured = new ResizeObserver((entries) => {
      for (const entry of entries) sizes.set(entry.target, entry.target.getBoundingClientRect().height);
    });
    const middle = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        (entry.isIntersecting ? atHand.add(entry.target) : atHand.delete(entry.target));
        entry.target.classList.toggle("is-at-hand", entry.isIntersecting);
      }
    }, { rootMargin: "-45% 0px -50% 0px" });
    document.addEventListener("live:applied", () => rows().forEach((row) => row.classList.toggle("is-at-hand", atHand.has(row))));
    const take = (row) => {
      seen.observe(row);
      middle.observe(row);
      measured.observe(row);
    };
    rows().forEach(take);
    new MutationObserver((records) => {
      let isShaken = false;
      for (const record of records) {
        for (const row of record.removedNodes) {
          if (row instanceof Element && "decision" in row.dataset && !row.isConnected) isShaken = !leave(row, record.nextSibling) || isShaken;
        }
        for (const row of record.addedNodes) {
          if (row instanceof Element && "decision" in row.dataset) {
            take(row);
            isShaken = true;
          }
        }
      }
      hold();
      if (isShaken) shaken();
      choose();
    }).observe(place, { childList: true });
  }

  document.addEventListener("click", (event) => {
    const details = event.target.closest?.("[data-fold]")?.closest("details");
    if (details) fold(details);
    if (event.target.closest?.("[data-unpick]")) unpick();
  });
  document.addEventListener("toggle", (event) => {
    if (!event.newState || event.newState !== "open" || !event.target.matches?.(".answer > details")) return;
    for (const other of event.target.parentElement.querySelectorAll(":scope > details[open]")) if (other !== event.target) other.open = false;
  }, true);
  document.addEventListener("change", (event) => {
    if (event.target.matches?.(".pick input")) choose();
  });
  document.addEventListener("keydown", (event) => {
    const details = event.target.closest?.(".answer > details[open]");
    if (event.key === "Escape" && details) {
      event.preventDefault();
      fold(details);
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches?.(".answer textarea")) {
      event.preventDefault();
      event.target.form.requestSubmit();
    } else if (event.key === "Enter" && event.target.matches?.("[data-decision]")) {
      event.preventDefault();
      event.target.querySelector("[data-open]").click();
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    const isInbox = list() !== null;
    if (!isInbox && !document.querySelector("[data-proposal]")) return;
    app.bind("a", "Approve", approve);
    app.bind("r", "Reject, with a reason", reject);
    app.bind("e", "Edit", click("[data-edit]"));
    document.addEventListener("scrollend", noteRead);
    if (!isInbox) return;
    app.bind("j", "Next decision", () => go(current(), 1));
    app.bind("k", "Decision before", () => go(current(), -1));
    app.bind("o", "Open", click("[data-open]"));
    app.bind("x", "Select", click(".pick input"));
    app.bind("b", "Decide on what is selected", () => document.querySelector(".together button[value=approve]")?.focus());
    app.bind("u", "Select nothing", unpick);
    document.addEventListener("live:applying", note);
    watch();
    choose();
  });
})();
