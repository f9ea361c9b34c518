/* The ticket page: what one does there without leaving the keyboard, and texts that nothing takes away.

   form[data-clears]        is emptied when what it sent is done
   form[data-then]          the page goes there when it is done
   [data-shows="id"]        what is fetched into that element is shown
   [data-reply], [data-no-reply], [data-take-newest], [data-copy-link]   see below
*/
(() => {
  "use strict";
  const app = window.counterfoil;

  document.addEventListener("told", (event) => {
    const form = event.target.closest?.("form");
    if (!form || event.detail?.level === "error") return;
    if (form.matches("[data-clears]")) {
      form.reset();
      answer(form, "", "");
      form.querySelector(".preview")?.setAttribute("hidden", "");
    }
    const then = form.dataset.then;
    if (then) {
      form.dataset.saved = "yes";
      try {
        sessionStorage.setItem("told", JSON.stringify(event.detail));
      } catch {
        /* Then it is said on this page alone. */
      }
      location.assign(then);
    }
  });

  /** Makes what is written next a reply, or no reply. */
  function answer(form, id, name) {
    const field = form.elements.reply_to;
    if (!field) return;
    field.value = id;
    const line = form.querySelector(".replying");
    line.hidden = id === "";
    line.querySelector("[data-reply-name]").textContent = name;
  }

  document.addEventListener("click", async (event) => {
    const target = event.target.closest?.("[data-reply], [data-no-reply], [data-take-newest], [data-copy-link], [data-shows], [data-leaves]");
    if (!target) return;
    const say = document.getElementById("say");
    if (target.matches("[data-reply]") && say) {
      answer(say, target.dataset.reply, target.dataset.replyTo);
      say.elements.text.focus();
    } else if (target.matches("[data-no-reply]") && say) {
      answer(say, "", "");
      say.elements.text.focus();
    } else if (target.matches("[data-take-newest]")) {
      const form = document.getElementById("edit");
      form.elements.seen.value = target.dataset.takeNewest;
      const place = new URL(location.href);
      place.searchParams.set("seen", target.dataset.takeNewest);
      history.replaceState(history.state, "", place);
      target.closest(".note").hidden = true;
      form.elements.body?.focus();
    } else if (target.matches("[data-shows]")) {
      document.getElementById(target.dataset.shows)?.removeAttribute("hidden");
    } else if (target.matches("[data-leaves]")) {
      document.getElementById("edit").dataset.saved = "yes";
    } else if (target.matches("[data-copy-link]")) {
      try {
        await navigator.clipboard.writeText(new URL(target.dataset.copyLink, location.href).href);
        app.tell({ level: "done", message: "The link is copied" });
      } catch {
        app.tell({ level: "error", message: "The browser does not let the page copy", hint: "" });
      }
    }
  });

  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.("#edit, #say");
    if (!form) return;
    if (event.key === "Escape" && form.id === "edit" && !event.defaultPrevented) leave(form);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector(".is-main"));
    }
  });

  /** Goes back to the ticket; asks first where something would be lost. */
  async function leave(form) {
    if (isChanged(form) && !(await app.ask({ title: "Leave, and lose what you have written?", action: "Leave", bad: true }))) return;
    form.querySelector("[data-leaves]").click();
  }

  /* What stands in the way is asked for when somebody wants to know. */
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("details.why[open]")) htmx.trigger("#ticket-why", "open-why");
  }, true);

  document.addEventListener("DOMContentLoaded", () => {
    /* An old address of the form, opened anew: nothing is written yet, so one begins with the file as it is. */
    const form = document.getElementById("edit");
    const isNew = performance.getEntriesByType("navigation")[0]?.type === "navigate";
    if (form && isNew && form.elements.seen.value !== form.dataset.newest) {
      const place = new URL(location.href);
      place.searchParams.set("seen", form.dataset.newest);
      location.replace(place);
    }
    if (document.querySelector(".ticket .moves, .ticket-aside .moves")) {
      app.bind("m", "Move", () => document.querySelector(".moves button")?.focus());
    }
  });

  const isChanged = (form) => [...form.elements].some((one) => one.matches("input:not([type=hidden]), textarea") && one.value !== one.defaultValue);
  window.addEventListener("beforeunload", (event) => {
    const form = document.getElementById("edit");
    if (form && !form.dataset.saved && isChanged(form)) event.preventDefault();
  });
})();
