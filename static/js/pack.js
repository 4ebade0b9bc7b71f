/* The scanner, at the pack station and on the picker's walk.

   data-scanner        on the form that takes scans: fields "code" and "key"; posted with htmx into
                       its data-into element. A scanner types anywhere on the page and ends with
                       Enter: keys that come that fast never reach buttons, a lone key still does
                       (1-5, u, ?). Scans wait in line and are sent one by one, each with a key of
                       its own, again and again until the server has answered: a scan is neither
                       lost nor counted twice.
   data-sound="ok"     in the answer: is heard. ok, extra, wrong, unknown, stop, closed
   data-said="text"    in the answer: read aloud by #scan-live
   data-offline        shown while the server does not answer; data-waiting inside it counts scans
   data-mute           switches the sound off and on, in this browser
   Others may call OMS.scanned(code): it waits in line like a scan. */
"use strict";

(() => {
  const LONE_MS = 130;        // a key that nothing follows for so long was pressed by a finger
  const SILENCE_MS = 350;     // a scanner that sends no Enter has finished after so long
  const SHORTEST = 6;         // what such a scanner sends at least
  const RETRY_MS = 1500;
  const LATE_MS = 40;         // a timer later than this was held up: keys may wait behind it
  const SECOND_ENTER_MS = 150;  // some scanners end a code with two: the second is no key press

  // Sound ------------------------------------------------------------------------------------
  // [frequency, start, length, form]: a wrong unit is low and twice, one too many is high.

  const TUNES = {
    ok: [[880, 0, 0.09, "sine"]],
    extra: [[1760, 0, 0.28, "triangle"]],
    wrong: [[165, 0, 0.16, "square"], [165, 0.22, 0.16, "square"]],
    unknown: [[240, 0, 0.34, "sawtooth"]],
    stop: [[520, 0, 0.16, "square"], [390, 0.18, 0.16, "square"], [520, 0.36, 0.16, "square"],
      [390, 0.54, 0.24, "square"]],
    closed: [[660, 0, 0.1, "sine"], [880, 0.1, 0.1, "sine"], [1320, 0.2, 0.22, "sine"]],
  };
  let audio = null;

  const muted = () => localStorage.getItem("oms.mute") === "1";

  const wake = () => {  // browsers allow sound only after somebody touched the page
    audio ??= new (window.AudioContext ?? window.webkitAudioContext)();
    if (audio.state === "suspended") audio.resume();
  };

  const play = (name) => {
    document.documentElement.dataset.lastSound = name;
    if (muted() || !TUNES[name] || !audio) return;
    for (const [frequency, start, length, form] of TUNES[name]) {
      const at = audio.currentTime + start;
      const tone = audio.createOscillator();
      const loudness = audio.createGain();
      tone.type = form;
      tone.frequency.value = frequency;
      loudness.gain.setValueAtTime(0.0001, at);
      loudness.gain.exponentialRampToValueAtTime(0.25, at + 0.012);
      loudness.gain.exponentialRampToValueAtTime(0.0001, at + length);
      tone.connect(loudness).connect(audio.destination);
      tone.start(at);
      tone.stop(at + length + 0.02);
    }
  };

  const showMute = () => document.querySelectorAll("[data-mute]").forEach((button) => {
    button.setAttribute("aria-pressed", String(muted()));
  });

  // What an answer says ------------------------------------------------------------------------

  const hear = (root) => {
    const spoken = root?.matches?.("[data-said]") ? root : root?.querySelector?.("[data-said]");
    if (!spoken) return;
    if (spoken.dataset.sound) play(spoken.dataset.sound);
    const live = document.getElementById("scan-live");
    if (live) live.textContent = spoken.dataset.said;
  };

  // The line of scans --------------------------------------------------------------------------

  const waiting = [];
  let sending = false;

  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)),
    (byte) => byte.toString(16).padStart(2, "0")).join("");

  const form = () => document.querySelector("form[data-scanner]");

  const showOffline = (tries) => {
    const notice = document.querySelector("[data-offline]");
    if (!notice) return;
    notice.hidden = tries === 0;
    const count = notice.querySelector("[data-waiting]");
    if (count) count.textContent = String(waiting.length);
  };

  const send = async (scan) => {
    const target = form();
    if (!target) return true;
    let asked = null;  // what htmx writes the answer into; the form itself goes with the swap
    target.addEventListener("htmx:before:request", (event) => { asked = event.detail.ctx; },
      { once: true });
    await htmx.ajax("POST", target.getAttribute("action"), {
      source: target, target: target.dataset.into, swap: "outerHTML",
      values: { code: scan.code, key: scan.key },
    });
    return Boolean(asked?.response) && asked.response.status < 500;
  };

  const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

  const work = async () => {
    if (sending) return;
    sending = true;
    while (waiting.length) {
      let tries = 0;
      while (!(await send(waiting[0]))) {
        tries += 1;
        showOffline(tries);
        await pause(RETRY_MS);
      }
      waiting.shift();
      showOffline(0);
    }
    sending = false;
  };

  const scanned = (code) => {
    const text = code.trim();
    if (!text || !form()) return;
    waiting.push({ code: text, key: newKey() });
    work();
  };

  window.OMS.scanned = scanned;

  addEventListener("beforeunload", (event) => {
    if (waiting.length) event.preventDefault();
  });

  // The keyboard, which is also the scanner --------------------------------------------------

  let typed = "";
  let since = 0;
  let ended = -SECOND_ENTER_MS;
  let timer;

  const isField = (target) => target instanceof HTMLElement && (target.isContentEditable
    || (target.matches("input, textarea, select")
      && !target.matches("[type=checkbox], [type=radio], [type=button], [type=submit]")));

  const visible = (one) => one.getClientRects().length > 0 && !one.disabled;

  const press = (key) => {
    if (key === "?") return window.OMS?.openDialog("keys");
    if (document.body.classList.contains("keys-off")) return;
    const hit = [...document.querySelectorAll(`[data-key="${CSS.escape(key.toLowerCase())}"]`)]
      .find(visible);
    if (!hit) return;
    if (isField(hit)) hit.focus();
    else hit.click();
  };

  const patiently = (then, again = true) => {
    const due = performance.now() + LONE_MS;
    timer = setTimeout(() => {
      if (again && performance.now() - due > LATE_MS) patiently(then, false);
      else then();
    }, LONE_MS);
  };

  const settle = () => {
    const text = typed;
    const quick = (performance.now() - since - SILENCE_MS) / Math.max(1, text.length) < 50;
    typed = "";
    if (text.length === 1) press(text);
    else if (text.length >= SHORTEST && quick) scanned(text);
  };

  document.addEventListener("keydown", (event) => {
    wake();
    if (!form() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open], :popover-open") || isField(event.target)) return;
    if (event.key === "Enter" && typed.length > 1) {
      event.preventDefault();
      event.stopImmediatePropagation();
      clearTimeout(timer);
      const code = typed;
      typed = "";
      ended = performance.now();
      scanned(code);
      return;
    }
    if (event.key === "Enter" && performance.now() - ended < SECOND_ENTER_MS) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (event.key.length !== 1) return;
    if (event.key === " " && !typed) return;  // space presses the focused button
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!typed) since = performance.now();
    typed += event.key;
    clearTimeout(timer);
    patiently(() => {
      if (typed.length === 1) settle();
      else timer = setTimeout(settle, SILENCE_MS - LONE_MS);
    });
  }, true);

  document.addEventListener("pointerdown", wake, { passive: true });

  // A code typed into the field itself goes the same way.

  let back = false;  // the next answer puts the cursor back into the field

  document.addEventListener("submit", (event) => {
    if (!event.target.matches?.("form[data-scanner]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const field = event.target.querySelector("[name=code]");
    const code = field.value;
    field.value = "";
    back = true;
    scanned(code);
  }, true);

  document.addEventListener("htmx:after:swap", () => {
    const root = document.querySelector("[data-said]");
    hear(root);
    showMute();
    if (back && !waiting.length) {
      back = false;
      form()?.querySelector("[name=code]")?.focus();
    }
    document.querySelector("[data-current-row]")?.scrollIntoView({ block: "nearest" });
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-mute]")) return;
    localStorage.setItem("oms.mute", muted() ? "0" : "1");
    showMute();
    if (!muted()) play("ok");
  });

  document.addEventListener("DOMContentLoaded", () => {
    showMute();
    document.activeElement?.matches?.("form[data-scanner] [name=code]")
      && document.activeElement.blur();
  });
})();
