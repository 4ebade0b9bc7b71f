/* Lists: a cursor that walks, a selection that counts, and a place that is kept over swaps.

   data-rows             on the list (a <tbody>, <ul> ...); its data-row children have an id
   data-open             inside a row: the link that Enter, or a click on empty row space, follows
   data-select           inside a row: its checkbox; data-select-all: the one in the head
   data-bulk             the bar of bulk acts, in the same form: shown while something is selected
   data-bulk-count       inside it: how many are selected
   data-select-whole     inside it: takes the whole list, once every row on the page is selected;
                         data-count is what it counts as; data-ticked-only acts cannot do that
   data-bulk-clear       inside it: clears the selection (so does Esc)

   j k or the arrows move, x selects, Shift+x selects from the last one to here, Enter opens. A letter
   of the bar of bulk acts, while nothing is selected, is meant for the row under the cursor. */
"use strict";

(() => {
  let anchor = null;  // where Shift+x starts
  let last = { id: "", index: -1 };

  const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")]
    .filter((row) => row.getClientRects().length);
  const cursor = () => document.querySelector("[data-row].cursor");
  const quiet = () => document.querySelector("dialog[open], :popover-open");

  const put = (row, focus = true) => {
    const before = cursor();
    if (before && before !== row) {
      before.classList.remove("cursor");
      before.removeAttribute("tabindex");
    }
    if (!row) return;
    row.classList.add("cursor");
    row.tabIndex = -1;
    last = { id: row.id, index: rows().indexOf(row) };
    if (focus) row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };

  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(cursor());
    put(all[at < 0 ? (step > 0 ? 0 : all.length - 1)
      : Math.max(0, Math.min(all.length - 1, at + step))]);
  };

  // Selection ---------------------------------------------------------------------------------

  const boxes = (root) => [...root.querySelectorAll("[data-select]")];

  const count = (form) => {
    const all = boxes(form);
    const chosen = all.filter((box) => box.checked).length;
    form.querySelectorAll("[data-bulk]").forEach((bar) => { bar.hidden = chosen === 0; });
    const whole = form.querySelector("[data-select-whole]");
    if (whole) {
      whole.closest("label").hidden = !chosen || chosen < all.length;
      whole.checked &&= chosen > 0 && chosen === all.length;
    }
    const shown = whole?.checked ? whole.dataset.count : chosen;
    form.querySelectorAll("[data-bulk-count]").forEach((spot) => { spot.textContent = shown; });
    form.querySelectorAll("[data-ticked-only]").forEach((one) => { one.disabled = !!whole?.checked; });
    form.querySelectorAll("[data-select-all]").forEach((box) => {
      box.checked = chosen > 0 && chosen === all.length;
      box.indeterminate = chosen > 0 && chosen < all.length;
    });
  };

  const home = (one) => one.closest("form, [data-selection]") ?? document.body;

  const choose = (row, on, range) => {
    const box = row.querySelector("[data-select]");
    if (!box) return;
    const all = rows();
    const from = range && anchor?.isConnected ? all.indexOf(anchor) : -1;
    const to = all.indexOf(row);
    const part = from < 0 ? [row] : all.slice(Math.min(from, to), Math.max(from, to) + 1);
    for (const one of part) {
      const mine = one.querySelector("[data-select]");
      if (mine && !mine.disabled) mine.checked = on;
    }
    anchor = row;
    count(home(box));
  };

  const resting = (key) => document.querySelector(`[data-bulk][hidden] [data-key="${key}"]`);

  const clear = (form) => {
    boxes(form).forEach((box) => { box.checked = false; });
    count(form);
  };

  // Events --------------------------------------------------------------------------------------

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || quiet()) return;
    if (event.target.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable]")) return;
    const row = cursor();
    const letters = !document.body.classList.contains("keys-off");
    const key = event.key;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key] ?? (letters ? { j: 1, k: -1 }[key] : undefined);
    if (step) {
      if (key.startsWith("Arrow") && !event.target.closest("[data-row]")) return;
      if (!document.querySelector("[data-rows]")) return;
      move(step);
    } else if (letters && key.toLowerCase() === "x" && row) {
      const box = row.querySelector("[data-select]");
      if (!box) return;
      choose(row, event.shiftKey ? true : !box.checked, event.shiftKey);
    } else if (letters && row && /^[a-z]$/.test(key) && resting(key)) {
      const button = resting(key);  // found first: selecting the row shows the bar
      choose(row, true);
      button.click();
    } else if (key === "Enter" && event.target.matches?.("[data-select], [data-select-all]")) {
      // A browser would press the form's first button: an act on all rows, that nobody meant.
      event.target.closest("[data-row]")?.querySelector("[data-open]")?.click();
    } else if (key === "Enter" && row && (event.target === row || event.target === document.body)) {
      row.querySelector("[data-open]")?.click();
    } else {
      return;
    }
    event.preventDefault();
  });

  document.addEventListener("oms:escape", (event) => {
    const form = [...document.querySelectorAll("[data-bulk]")].map(home)
      .find((one) => boxes(one).some((box) => box.checked));
    if (form) { clear(form); event.preventDefault(); return; }
    if (cursor()) { put(null); document.activeElement?.blur(); event.preventDefault(); }
  });

  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("[data-select]");
    if (box) {
      const row = box.closest("[data-row]");
      if (row) choose(row, box.checked, event.shiftKey);
      return;
    }
    if (event.target.closest?.("[data-bulk-clear]")) {
      clear(home(event.target));
      return;
    }
    const row = event.target.closest?.("[data-row]");
    if (!row) return;
    if (event.target.closest("a, button, input, label, select, textarea, summary, [popover]")) {
      put(row, false);
      return;
    }
    if (String(getSelection())) return;
    const open = row.querySelector("[data-open]");
    if (open && event.detail === 1) open.click();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-select-whole]")) count(home(event.target));
    const all = event.target.closest?.("[data-select-all]");
    if (!all) return;
    const form = home(all);
    boxes(form).forEach((box) => { if (!box.disabled) box.checked = all.checked; });
    count(form);
  });

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("[data-row]");
    if (row && row !== cursor() && event.target.matches(":focus-visible")) put(row, false);
  });

  // After a swap the cursor stays on its row; if the row has gone, its successor gets it.
  document.addEventListener("htmx:after:swap", () => {
    document.querySelectorAll("[data-bulk]").forEach((bar) => count(home(bar)));
    if (last.index < 0 || cursor()) return;
    const same = last.id && document.getElementById(last.id);
    const all = rows();
    const next = same?.matches("[data-row]") ? same : all[Math.min(last.index, all.length - 1)];
    if (next) put(next, document.activeElement === document.body);
  });
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-bulk]").forEach((bar) => count(home(bar)));
  });
})();
