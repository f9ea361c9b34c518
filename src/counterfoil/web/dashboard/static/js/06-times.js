/* Times in words: the server writes the moment, which is the same for everybody; here it becomes "3 min ago". */
(() => {
  "use strict";
  const MINUTE = 60;
  const HOUR = 60 * MINUTE;
  const DAY = 24 * HOUR;
  const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
  const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
  const dated = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

  /** Returns words for a moment as it is seen now. */
  function words(moment, now, isDay) {
    const seconds = Math.round((now - moment) / 1000);
    const far = Math.abs(seconds);
    if (isDay || far >= 30 * DAY) return (moment.getFullYear() === now.getFullYear() ? date : dated).format(moment);
    if (far < 45) return seconds >= 0 ? "just now" : "in a moment";
    const [number, unit] = far < HOUR ? [far / MINUTE, "min"] : far < DAY ? [far / HOUR, "h"] : [far / DAY, "d"];
    const text = `${Math.max(1, Math.floor(number))} ${unit}`;
    return seconds >= 0 ? `${text} ago` : `in ${text}`;
  }

  function write(element, now) {
    if (element.dataset.as === "exact") return;
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) return;
    const text = words(moment, now, element.dataset.as === "day");
    if (element.textContent !== text) {
      element.textContent = text;
      element.title = whole.format(moment);
    }
  }

  function writeAll() {
    const now = new Date();
    for (const element of document.getElementsByTagName("time")) write(element, now);
    watcher.takeRecords();
  }

  let isDue = false;
  const watcher = new MutationObserver((records) => {
    if (isDue || !records.some((record) => record.addedNodes.length > 0 || record.target.parentElement?.tagName === "TIME")) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      writeAll();
    });
  });

  document.addEventListener("DOMContentLoaded", () => {
    writeAll();
    watcher.observe(document.body, { childList: true, characterData: true, subtree: true });
    setInterval(writeAll, 60 * 1000);
    document.addEventListener("visibilitychange", () => document.hidden || writeAll());
  });
})();
