/* Dialogs, menus, and the question before something is done.

   [data-dialog="id"] opens <dialog id>;  [data-close] closes the one it is in;  what htmx fetches into #dialog opens it.
   hx-confirm="words" data-confirm-action="Delete" asks in a dialog, for forms without htmx as well (data-confirm).
*/
(() => {
  "use strict";
  const app = window.counterfoil;
  const { el } = app;

  /** Asks; resolves to whether it was confirmed. */
  app.ask = ({ title, action = "Do it", bad = false }) => new Promise((resolve) => {
    const yes = el("button", { class: `button is-main${bad ? " is-bad" : ""}`, value: "yes", autofocus: true }, action);
    const dialog = el("dialog", { class: "dialog", "aria-labelledby": "asked" },
      el("form", { method: "dialog" },
        el("div", { class: "dialog-body" }, el("h2", { id: "asked" }, title)),
        el("div", { class: "dialog-foot" }, el("button", { class: "button", value: "no" }, "Cancel"), yes)));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });

  document.addEventListener("htmx:confirm", async (event) => {
    const { ctx, issueRequest, dropRequest } = event.detail;
    event.preventDefault();
    const asker = ctx.sourceElement.closest("[data-confirm-action]");
    const sure = await app.ask({ title: ctx.confirm, action: asker?.dataset.confirmAction, bad: asker?.matches(".is-bad, :has(.is-bad)") });
    if (sure) issueRequest();
    else dropRequest();
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const words = form.dataset?.confirm;
    if (!words || form.dataset.sure) return;
    event.preventDefault();
    if (await app.ask({ title: words, action: form.dataset.confirmAction, bad: form.matches(":has(.is-bad)") })) {
      form.dataset.sure = "yes";
      form.requestSubmit(event.submitter);
      delete form.dataset.sure;
    }
  }, true);

  function open(dialog) {
    if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog !== null) {
        event.preventDefault();
        open(dialog);
      }
    }
    event.target.closest?.("[data-close]")?.closest("dialog")?.close();
    if (event.target.matches?.("dialog.dialog") && isOutside(event.target, event)) event.target.close();
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target) || event.target.closest(".menu-list a, .menu-list button:not([data-stay])")) menu.open = false;
    }
  });

  /** A click on a dialog's own element may be one on its backdrop. */
  function isOutside(dialog, event) {
    const box = dialog.getBoundingClientRect();
    return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
  }

  document.addEventListener("htmx:after:swap", () => {
    const slot = document.getElementById("dialog");
    if (slot?.childElementCount > 0) open(slot);
  });
  document.addEventListener("told", (event) => {
    if (event.detail?.level !== "error") event.target.closest?.("dialog[open]")?.close();
  });
  document.addEventListener("close", (event) => {
    if (event.target.id === "dialog") event.target.replaceChildren();
  }, true);

  /** Closes the innermost menu; tells whether there was one. */
  app.closeMenu = () => {
    const menus = document.querySelectorAll("details.menu[open]");
    if (menus.length === 0) return false;
    const menu = menus[menus.length - 1];
    menu.open = false;
    menu.querySelector("summary")?.focus();
    return true;
  };
})();
