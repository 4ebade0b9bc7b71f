/* The keyboard. Screens only say what answers to which key:

   data-key="e"        pressing e clicks it (a field is focused instead); the first visible one wins,
                       the cursor row's before the page's, an open dialog's before everything;
                       one in a closed menu answers as long as the menu's button is visible
   data-key="g o"      a sequence: g, then o
   data-key="Enter"    the primary button, unless the focus is on something that has its own Enter
   data-key="Escape"   where "back" leads: after closing, leaving a field and clearing a selection
   data-key="Ctrl+k"   works in fields too; so do Alt+ and Ctrl+ combinations of your own
   data-key-also       a second key; Ctrl+z stays the field's own undo while somebody types
   data-key="/"        the screen's own search; where there is none, "/" is the one in the top bar
   data-key-name       what the help (?) calls it; otherwise its own text

   Single letters are off in fields and when the person turned them off (body.keys-off). */
"use strict";

(() => {
  const SEQUENCE_MS = 1200;
  let prefix = "";
  let prefixTimer;

  const typing = (target) => target instanceof HTMLElement
    && (target.isContentEditable || target.matches("textarea, select")
      || (target.matches("input") && !target.matches(
        "[type=checkbox], [type=radio], [type=button], [type=submit], [type=file], [type=range]")));

  const ownsEnter = (target) => target instanceof HTMLElement
    && target.matches("a[href], button, summary, input, select, textarea, [contenteditable]");

  const visible = (one) => one.getClientRects().length > 0 && !one.disabled
    && !one.closest("[inert]");

  const tucked = (one) => {
    const menu = one.closest("[popover]:not(:popover-open)");
    return menu && !one.disabled
      && [...document.querySelectorAll(`[popovertarget="${CSS.escape(menu.id)}"]`)].some(visible);
  };

  const scope = () => {
    const open = [...document.querySelectorAll("dialog[open]")].pop();
    return open ?? document;
  };

  const answering = (keys) => {
    const selector = `:is([data-key="${CSS.escape(keys)}"], [data-key-also="${CSS.escape(keys)}"])`;
    const cursor = document.querySelector(".cursor[data-row]");
    const inRow = scope() === document && cursor
      ? [...cursor.querySelectorAll(selector)].find(visible) : null;
    const all = [...scope().querySelectorAll(selector)];
    return inRow ?? all.find(visible) ?? all.find(tucked)
      ?? (keys === "/" ? answering("Ctrl+k") : undefined);
  };

  const press = (one) => {
    if (typing(one)) {
      one.focus();
      one.select?.();
    } else {
      one.click();
    }
  };

  const named = (event) => {
    const mods = (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (event.altKey ? "Alt+" : "");
    const letter = event.key.length === 1 && /[a-z]/i.test(event.key);
    if (!letter) return mods + event.key;
    return mods + (event.shiftKey ? "Shift+" : "") + event.key.toLowerCase();
  };

  const escape = (event) => {
    if (document.querySelector("dialog[open], :popover-open")) return;  // the browser closes it
    if (typing(event.target)) {
      event.target.blur();
      return;
    }
    if (document.dispatchEvent(new CustomEvent("oms:escape", { cancelable: true }))) {
      answering("Escape")?.click();
    }
  };

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented || event.repeat && event.key.length > 1) return;
    if (event.key === "Escape") return escape(event);
    const keys = named(event);
    if (/^(Ctrl|Alt)\+/.test(keys)) {
      if (keys === "Ctrl+z" && typing(event.target)) return;
      const hit = answering(keys);
      if (hit) { event.preventDefault(); press(hit); }
      return;
    }
    if (typing(event.target)) return;
    if (event.key === "Enter") {
      if (ownsEnter(event.target) || document.querySelector(".cursor[data-row]")) return;
      const hit = answering("Enter");
      if (hit) { event.preventDefault(); press(hit); }
      return;
    }
    if (document.body.classList.contains("keys-off")) return;
    if (keys === "?" && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      window.OMS.openDialog("keys");
      return;
    }
    const sequence = prefix ? `${prefix} ${keys}` : keys;
    prefix = "";
    clearTimeout(prefixTimer);
    const hit = answering(sequence);
    if (hit) {
      event.preventDefault();
      press(hit);
    } else if (sequence === keys && document.querySelector(`[data-key^="${CSS.escape(keys)} "]`)) {
      prefix = keys;
      prefixTimer = setTimeout(() => { prefix = ""; }, SEQUENCE_MS);
    }
  });

  // Help: what the screen's own buttons answer to, read off the buttons themselves.

  const nameOf = (one) => one.dataset.keyName || one.getAttribute("aria-label")
    || one.getAttribute("title") || [...one.childNodes].filter((node) => node.nodeName !== "KBD"
      && node.nodeName !== "svg" && !node.classList?.contains("n"))
      .map((node) => node.textContent).join(" ").trim() || one.placeholder || "";

  const fill = (section, buttons) => {
    const list = section.querySelector("dl");
    list.replaceChildren();
    const seen = new Set();
    for (const one of buttons) {
      const keys = one.dataset.key;
      if (seen.has(keys) || !nameOf(one)) continue;
      seen.add(keys);
      const term = document.createElement("dt");
      for (const part of keys.split(/[ +]/)) {
        const cap = document.createElement("kbd");
        cap.textContent = part === "Escape" ? "Esc" : part;
        term.append(cap);
      }
      const what = document.createElement("dd");
      what.textContent = nameOf(one);
      list.append(term, what);
    }
    section.hidden = seen.size === 0;
  };

  document.getElementById("keys")?.addEventListener("oms:open", (event) => {
    const dialog = event.target;
    const all = [...document.querySelectorAll("[data-key]")].filter((one) => !dialog.contains(one));
    const general = new Set(["Enter", "Escape", "Ctrl+k", "/"]);
    fill(dialog.querySelector("[data-keys-go]"), all.filter((one) => one.dataset.key.startsWith("g ")));
    fill(dialog.querySelector("[data-keys-here]"), all.filter(
      (one) => !general.has(one.dataset.key) && !one.dataset.key.startsWith("g ")));
  });
})();
