/* What all scripts of the dashboard share, and how a change is sent.

   counterfoil.send(address, fields)   posts a change as a form of the page would; resolves to what was told of it, with the
                                       `place` that it leads to, or null
   counterfoil.tell(told)              shows a toast (02-toasts.js)
   counterfoil.ask(question)           asks in a dialog; resolves to true or false (04-dialogs.js)
   counterfoil.bind(key, words, act)   binds a key that no element stands for (08-keys.js)
   counterfoil.isTyping(element)       whether keys belong to a field
   counterfoil.el(tag, attributes, …)  makes an element of attributes and children; text stays text
   counterfoil.keepProof(text)         keeps the proof of the session, or with "" drops it; tells whether it is kept

   Browsers send cookies to every port of a host, so a cookie shows nobody's will. Each change carries the session's
   proof besides, which lies in the storage of this origin, and goes nowhere else: not into pages or addresses.
*/
window.counterfoil = (() => {
  "use strict";

  const HERE = document.documentElement;
  HERE.classList.add("has-js");

  /** Returns the token that proves that a change comes from this page. */
  const csrf = () => document.querySelector('meta[name="csrf"]')?.content ?? "";

  const PROOF = "session-proof";

  /** Returns the proof of the session; empty where it was never given or is gone. */
  function proof() {
    try {
      return localStorage.getItem(PROOF) ?? "";
    } catch {
      return "";
    }
  }

  /** Keeps the proof of the session that has just begun, in place of the last one's; without one it drops it. */
  function keepProof(text) {
    try {
      if (text) localStorage.setItem(PROOF, text);
      else localStorage.removeItem(PROOF);
      return proof() === text;
    } catch {
      return false;
    }
  }

  /** Returns the headers by which the server knows a change for one of this page. */
  const proofs = () => ({ "X-CSRF-Token": csrf(), "X-Session-Proof": proof() });

  /** Makes an element; what is given as a child is text unless it is a node. */
  function el(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") made.addEventListener(name, value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value != null) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child != null));
    return made;
  }

  /** Tells whether keys that are pressed on an element are meant for it. */
  function isTyping(element) {
    // A dialog that has just closed keeps the focus for a moment.
    if (!(element instanceof Element) || element.closest("dialog:not([open])")) return false;
    if (element.closest("textarea, select, [contenteditable]:not([contenteditable='false'])")) return true;
    const field = element.closest("input");
    return field !== null && !["checkbox", "radio", "button", "submit", "reset", "range"].includes(field.type);
  }

  /** Reads what an answer tells of a change. */
  function toldBy(headers) {
    try {
      return JSON.parse(headers.get("HX-Trigger") ?? "null")?.told ?? null;
    } catch {
      return null;
    }
  }

  /** Reads what an answer tells that is not about a change but of what stands before all: too large, too often. */
  async function refused(response) {
    const error = await response.clone().json().then((said) => said?.error, () => null);
    const words = typeof error?.message === "string" ? error.message : "";
    return { level: "error", message: words || `The server answered ${response.status}`, hint: words ? error.hint : "" };
  }

  /** Shows what an answer tells, here or on the page that it leads to. */
  async function hear(response) {
    const told = toldBy(response.headers);
    if (told === null) {
      if (response.status === 401) location.reload();
      else if (response.status >= 400) app.tell(await refused(response));
      return null;
    }
    if (response.headers.get("HX-Redirect")) {
      try {
        sessionStorage.setItem("told", JSON.stringify(told));
      } catch {
        /* It is said nowhere, then; the page itself shows what has changed. */
      }
    } else {
      app.tell(told);
    }
    return told;
  }

  /* A change has a name from the first press until its answer has come, and for the time of a double click longer:
     what is sent again meanwhile, because somebody pressed twice or nothing was heard, is the same change. */
  const DOUBLE_CLICK = 500;
  const unanswered = new Map();

  /** Returns what tells a change from others: where it goes, and all that it says. */
  function saying(address, body) {
    const told = [...(body ?? [])].map(([name, value]) =>
      value instanceof File ? [name, value.name, value.size, value.lastModified] : [name, value]);
    return JSON.stringify([address, told.filter(([name]) => name !== "once" && name !== "csrf")]);
  }

  /** Returns the name of a change. */
  function keyOf(said) {
    const known = unanswered.get(said);
    const key = known ?? [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("-");
    unanswered.set(said, key);
    return key;
  }

  /** Lets the next change that says the same be another one. */
  function answered(said, isDone) {
    setTimeout(() => unanswered.delete(said), isDone ? DOUBLE_CLICK : 0);
  }

  /** Posts a change; resolves to what was told of it, or null when the server was not reached. */
  async function send(address, fields = {}) {
    const body = new URLSearchParams();
    for (const [name, value] of Object.entries(fields)) {
      for (const each of Array.isArray(value) ? value : [value]) body.append(name, each);
    }
    const said = saying(address, body);
    const request = {
      method: "POST",
      body,
      headers: { "HX-Request": "true", "Idempotency-Key": keyOf(said), ...proofs() },
      credentials: "same-origin",
    };
    try {
      const response = await reach(address, request, said);
      const told = await hear(response);
      const place = response.headers.get("HX-Redirect");
      if (place) location.assign(place);
      return told && { ...told, place: place ?? "" };
    } catch {
      return null;
    }
  }

  /** Fetches; `said` is of a change, and empty for a look. Where no answer comes, a change may have been made all the same. */
  async function reach(address, request, said) {
    try {
      const response = await fetch(address, request);
      if (said) answered(said, response.ok);
      return response;
    } catch (error) {
      if (error?.name !== "AbortError") {
        app.tell(said ? {
          level: "error", message: "The server does not answer: whether this took effect will be seen when it is back",
          hint: "start it with `ticket serve`; sent again from this page, it counts once",
        } : { level: "error", message: "The server does not answer", hint: "ticket serve" });
      }
      throw error;
    }
  }

  /* Answers are heard here rather than by an event on the element: that may have left the page by then, because
     the change itself was pushed to the page before the answer to it. */
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    const isChange = ctx.request.method !== "GET";
    const said = isChange ? saying(ctx.request.action, ctx.request.body) : "";
    if (isChange) Object.assign(ctx.request.headers, proofs(), { "Idempotency-Key": keyOf(said) });
    ctx.fetch = async (address, request) => {
      const response = await reach(address, request, said);
      if (isChange || response.status >= 400) await hear(response);
      return response;
    };
  });

  /* A form that the browser itself sends gets the proof as it is packed, and only then: it is never in the document,
     nor among what a script gathers from the form, which might become part of an address. */
  let leaving = null;
  window.addEventListener("submit", (event) => {
    const { target, submitter } = event;
    const method = submitter?.getAttribute("formmethod") ?? target.getAttribute("method") ?? "get";
    if (event.defaultPrevented || method.toLowerCase() !== "post") return;
    leaving = target;
    setTimeout(() => (leaving = null));
  });
  window.addEventListener("formdata", (event) => {
    if (event.target === leaving) event.formData.set(PROOF, proof());
  });

  const app = { csrf, el, isTyping, keepProof, send };
  return app;
})();
