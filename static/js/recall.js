/* The recall window: seconds count down; when they are over, the button goes and the reason stays.

   data-going           around one thing that waits
   data-leaves="8"      inside: seconds until it leaves, as the server counted them
   data-too-late        inside: hidden until then; says why it cannot be recalled any more */
"use strict";

(() => {
  const STAYS_S = 5;

  const leave = (going) => {
    const shown = going.querySelector("[data-leaves]");
    shown.closest("span").hidden = true;
    going.querySelectorAll("[data-too-late]").forEach((words) => { words.hidden = false; });
    const form = going.querySelector("form");
    if (form?.contains(document.activeElement)) {
      document.getElementById("main")?.focus({ preventScroll: true });
    }
    form?.remove();
    if (going.matches("[data-toast]")) setTimeout(() => going.remove(), STAYS_S * 1000);
  };

  const start = (shown) => {
    if (shown.dataset.running) return;
    shown.dataset.running = "1";
    // Not the clock on the wall: it may be wrong here, or set meanwhile.
    const over = performance.now() + Number(shown.dataset.leaves) * 1000;
    const tick = () => {
      if (!shown.isConnected) return clearInterval(timer);
      const left = Math.ceil((over - performance.now()) / 1000);
      if (left > 0) {
        shown.textContent = `${left}\u00a0s`;
      } else {
        clearInterval(timer);
        leave(shown.closest("[data-going]"));
      }
    };
    const timer = setInterval(tick, 250);
    tick();
  };

  // A page that the browser kept as it was when one left it counts seconds that are long over.
  window.addEventListener("pageshow", (shown) => {
    if (shown.persisted && document.querySelector("[data-going]")) location.reload();
  });

  window.OMS.ready((root) => window.OMS.find(root, "[data-leaves]").forEach(start));
})();
