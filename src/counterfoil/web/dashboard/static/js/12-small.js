/* The proof of a session, kept when it begins and dropped when somebody signs out; copying; the colours, which the server is told by a cookie so that the next page begins with them; and the form of
   a one-time link, which somebody has asked for by opening the link, and programs that look ahead have not. */
(() => {
  "use strict";

  /** Says something to those who hear the page. */
  window.counterfoil.announce = (words) => {
    let place = document.getElementById("live-words");
    if (place === null) {
      place = window.counterfoil.el("p", { id: "live-words", class: "for-ears", "aria-live": "polite" });
      document.body.append(place);
    }
    place.textContent = words;
  };

  // A one-time code is sent when somebody sees the page, and not by a browser that looks ahead.
  const sendAtOnce = () => document.querySelector("form[data-send-at-once]")?.requestSubmit();
  document.addEventListener("DOMContentLoaded", () => {
    if (document.prerendering) document.addEventListener("prerenderingchange", sendAtOnce, { once: true });
    else sendAtOnce();
  });

  document.addEventListener("DOMContentLoaded", () => {
    const entered = document.querySelector("[data-session-proof]");
    if (entered === null) return;
    const isKept = window.counterfoil.keepProof(entered.dataset.sessionProof);
    entered.removeAttribute("data-session-proof");
    entered.querySelector("[data-without-script]").remove();
    if (isKept) location.replace(entered.querySelector("a[href]").href);
    else entered.querySelector("[data-without-storage]").hidden = false;
  });
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action") === "/sign-out") window.counterfoil.keepProof("");
  });

  document.addEventListener("click", async (event) => {
    const copier = event.target.closest?.("[data-copy]");
    if (!copier) return;
    try {
      await navigator.clipboard.writeText(copier.dataset.copy);
      const sign = copier.querySelector(".i");
      sign?.classList.replace("i-copy", "i-check");
      setTimeout(() => sign?.classList.replace("i-check", "i-copy"), 1500);
    } catch {
      const code = copier.parentElement?.querySelector("code");
      if (code) getSelection().selectAllChildren(code);
    }
  });

  document.addEventListener("click", (event) => {
    const choice = event.target.closest?.("[data-theme-choice]");
    if (!choice) return;
    event.preventDefault();
    const theme = choice.value;
    document.cookie = `theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax`;
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    document.querySelector('meta[name="color-scheme"]').content = theme === "auto" ? "light dark" : theme;
    for (const one of document.querySelectorAll("[data-theme-choice]")) one.setAttribute("aria-pressed", String(one.value === theme));
  });
})();
