/* Which pages of this browser hear of changes as they happen.

   A browser opens six connections to a server that speaks HTTP/1.1, and each page that is seen keeps one for its
   stream. Six windows would leave none, and the seventh would wait for ever. So the four pages that had the focus last
   have a stream; the others look every 20 seconds, and have one again as soon as somebody goes there.

   Each page holds a lock of its own, whose name says when it last had the focus. All pages can list the locks, so all
   come to the same line without asking each other; a page that is gone has lost its lock.

   counterfoil.turn.take()       whether this page may open its stream; from then on it stands in the line
   counterfoil.turn.leave()      it stands there no more
   counterfoil.turn.follow(acts) has `open`, `close` and `look` called as its turn comes, ends, and while it waits
*/
(() => {
  "use strict";
  const app = window.counterfoil;
  const MOST = 4;
  const LOOK = 20_000;
  const NAME = "stream";
  const ME = crypto.getRandomValues(new Uint32Array(2)).join("-");
  // Browsers give locks to secure contexts alone; elsewhere every page has its stream.
  const locks = navigator.locks;
  const word = locks ? new BroadcastChannel(NAME) : null;

  let isMine = true;
  let release = null;
  let entered = 0;
  let acts = null;

  /** Goes to the head of the line; the place before is given up once that is so. */
  function enter() {
    const before = release;
    const left = new Promise((resolve) => { release = resolve; });
    entered += 1;
    locks.request(`${NAME} ${Date.now()} ${ME} ${entered}`, () => {
      before?.();
      changed();
      return left;
    }).catch(() => {}); // the page is being left
  }

  function changed() {
    word.postMessage("");
    weigh();
  }

  /** Finds out whose turn it is. */
  async function weigh() {
    if (release === null) return;
    const { held } = await locks.query();
    const names = held.map(({ name }) => name.split(" ")).filter(([kind]) => kind === NAME);
    const line = [...new Set(names.sort((one, other) => other[1] - one[1]).map(([, , page]) => page))];
    const place = line.indexOf(ME);
    const was = isMine;
    if (release === null || place < 0) return;
    isMine = place < MOST;
    if (isMine !== was) (isMine ? acts?.open : acts?.close)?.();
  }

  app.turn = {
    take() {
      if (locks && release === null) enter();
      return isMine;
    },
    leave() {
      if (release === null) return;
      release();
      release = null;
      isMine = true;
      word.postMessage("");
    },
    follow(given) {
      acts = given;
    },
  };

  word?.addEventListener("message", weigh);
  addEventListener("focus", () => release !== null && enter());
  setInterval(() => {
    weigh();
    if (release !== null && !isMine && !document.hidden) acts?.look();
  }, LOOK);
})();
