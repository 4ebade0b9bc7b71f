/* The frame's behaviour: dialogs, popovers, toasts, countdowns, small form conveniences.

   data-dialog="id"     on a button: opens that <dialog>; data-close inside it closes it
   data-open-now        on a <dialog>: open as soon as it is on the page (a form came back wrong)
   data-menu            on a popover: arrow keys walk through its links and buttons
   data-toast="6"       on a toast: seconds until it goes; 0 stays until closed (data-dismiss)
   data-left            inside a toast: shows the time left to undo
   data-due             on <time class="due" datetime>: recounted every minute
   data-submit          on a field: its form is submitted when it changes
   data-copy="text"     on a button: copies the text
   data-preview="id"    on a file field: shows the chosen picture in that <img>

   Others may call OMS.toast(html) and OMS.ready(fn); fn runs for the page and for every part htmx
   swaps in, with the new element. Times of day come from the server; nothing here formats money. */
"use strict";

window.OMS = (() => {
  const readers = [];

  const ready = (reader) => {
    readers.push(reader);
    if (document.readyState !== "loading") reader(document.body);
  };

  const read = (root) => readers.forEach((reader) => reader(root));

  document.addEventListener("DOMContentLoaded", () => read(document.body));
  document.addEventListener("htmx:after:process", (event) => {
    if (event.target instanceof Element && event.target !== document.body) read(event.target);
  });

  const find = (root, selector) => [
    ...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector),
  ];

  // Toasts -----------------------------------------------------------------------------------

  const dismiss = (toast) => {
    if (!toast.contains(document.activeElement)) return toast.remove();
    toast.remove();
    document.getElementById("main")?.focus({ preventScroll: true });
  };

  const startToast = (toast) => {
    const seconds = Number(toast.dataset.toast);
    if (!seconds || toast.dataset.running) return;
    toast.dataset.running = "1";
    let left = seconds;
    const shown = toast.querySelector("[data-left]");
    const tick = () => {
      // Somebody is reading or about to press: do not take it away.
      if (!toast.isConnected) return clearInterval(timer);
      if (!toast.matches(":hover, :focus-within")) left -= 1;
      if (shown) shown.textContent = `${left} s`;
      if (left <= 0) { clearInterval(timer); dismiss(toast); }
    };
    const timer = setInterval(tick, 1000);
    if (shown) shown.textContent = `${left} s`;
  };

  const toast = (html) => {
    const box = document.getElementById("toasts");
    box.insertAdjacentHTML("beforeend", html);
    read(box.lastElementChild);
  };

  ready((root) => find(root, "[data-toast]").forEach(startToast));

  // Countdowns -------------------------------------------------------------------------------

  const DAY = 24 * 60;

  const spanned = (minutes) => {
    if (minutes < 60) return `${minutes}\u00a0min`;
    const hours = Math.floor(minutes / 60);
    const rest = minutes % 60;
    if (hours >= 24) return `${Math.floor(hours / 24)}\u00a0d`;
    return `${hours}\u00a0h` + (rest ? `\u00a0${String(rest).padStart(2, "0")}` : "");
  };

  const recount = (time) => {
    const left = (new Date(time.dateTime) - Date.now()) / 60000;
    const late = left < 0;
    const minutes = Math.floor(Math.abs(left));
    // What the server wrote as a day and an hour stays so until it becomes a length of time.
    if (time.classList.contains("later") && left >= 180) {
      if (left < DAY && /h|min/.test(time.textContent)) {
        time.querySelector("span").textContent = spanned(minutes);
      }
      return;
    }
    time.classList.remove("late", "soon", "later");
    time.classList.add(late ? "late" : left < 180 ? "soon" : "later");
    time.querySelector("span").textContent = (late ? "\u2212" : "") + spanned(minutes);
  };

  setInterval(() => document.querySelectorAll("time[data-due]").forEach(recount), 60000);

  // Dialogs ----------------------------------------------------------------------------------

  const openDialog = (id) => {
    const dialog = document.getElementById(id);
    if (!dialog || dialog.open) return;
    document.querySelectorAll(":popover-open").forEach((popover) => popover.hidePopover());
    dialog.showModal();
    dialog.dispatchEvent(new CustomEvent("oms:open"));
  };

  ready((root) => find(root, "dialog[data-open-now]").forEach((dialog) => openDialog(dialog.id)));

  // Popovers: placed under what opened them, inside the window --------------------------------

  const place = (popover, source) => {
    const gap = 6;
    const from = source.getBoundingClientRect();
    const size = popover.getBoundingClientRect();
    const left = Math.min(from.left, innerWidth - size.width - 12);
    const below = from.bottom + gap;
    const top = below + size.height > innerHeight - 12 && from.top - gap - size.height > 8
      ? from.top - gap - size.height : Math.min(below, Math.max(8, innerHeight - size.height - 12));
    popover.style.left = `${Math.max(12, left)}px`;
    popover.style.top = `${top}px`;
  };

  const opener = (popover) => [
    ...document.querySelectorAll(`[popovertarget="${CSS.escape(popover.id)}"]`),
  ].find((button) => button.getClientRects().length);

  document.addEventListener("toggle", (event) => {
    // A fold inside that opens makes it higher: it may need another place.
    const popover = event.target.closest?.("details")?.closest(".pop:popover-open") ?? event.target;
    if (popover !== event.target) {
      const button = opener(popover);
      if (button) place(popover, button);
      return;
    }
    if (!popover.matches?.("[popover].pop") || event.newState !== "open") return;
    const source = event.source ?? opener(popover);
    if (source) place(popover, source);
    if (popover.hasAttribute("data-menu")) popover.querySelector("a, button")?.focus();
  }, true);

  addEventListener("scroll", (event) => {
    if (event.target === document || !event.target.contains) return;
    document.querySelectorAll(".pop:popover-open").forEach((popover) => {
      if (!popover.contains(event.target)) popover.hidePopover();
    });
  }, { capture: true, passive: true });

  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("[data-menu]");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!menu || !step) return;
    event.preventDefault();
    const items = [...menu.querySelectorAll("a, button")].filter((one) => one.getClientRects().length);
    const next = items.indexOf(document.activeElement) + step;
    items[(next + items.length) % items.length]?.focus();
  });

  // Clicks and changes -----------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest?.(selector);
    let hit;
    if ((hit = on("[data-dialog]"))) {
      event.preventDefault();
      openDialog(hit.dataset.dialog);
    } else if ((hit = on("[data-close]"))) {
      hit.closest("dialog, [popover]")?.[hit.closest("dialog") ? "close" : "hidePopover"]();
    } else if ((hit = on("[data-dismiss]"))) {
      dismiss(hit.closest("[data-toast]"));
    } else if ((hit = on("[data-copy]"))) {
      navigator.clipboard?.writeText(hit.dataset.copy);
    } else if ((hit = on("[data-theme-choice]"))) {
      document.documentElement.dataset.theme = hit.value;
    } else if (event.target.matches?.("dialog")) {
      const box = event.target.getBoundingClientRect();
      const outside = event.clientX < box.left || event.clientX > box.right
        || event.clientY < box.top || event.clientY > box.bottom;
      if (outside && !event.target.querySelector("form")) event.target.close();
    }
  });

  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.matches?.("[data-submit]")) field.form?.requestSubmit();
    if (field.dataset?.preview && field.files?.[0]) {
      // Read into a data: address: the content policy lets no blob: be shown.
      const picture = document.getElementById(field.dataset.preview);
      const reader = new FileReader();
      reader.addEventListener("load", () => { picture.src = reader.result; picture.hidden = false; });
      reader.readAsDataURL(field.files[0]);
    }
  });

  // A form that is on its way is not sent twice by an impatient finger.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "dialog") return;
    const button = event.submitter;
    const method = button?.getAttribute("formmethod") ?? form.method;
    // What comes back is a file, or goes into a frame: the page stays, and so does its form.
    const stays = button?.dataset.stays !== undefined || button?.formTarget
      || form.getAttribute("target");
    if (method === "post" && !form.matches("[hx-post]") && !stays) {
      if (form.dataset.sent) return event.preventDefault();
      form.dataset.sent = "1";
    }
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(
    (form) => delete form.dataset.sent));

  // htmx gives what it swaps in the style attribute of what was there under the same id; the policy
  // refuses that, once a message. What is on its way out needs no place any more.
  document.addEventListener("htmx:before:swap", (event) => {
    for (const task of event.detail?.tasks ?? []) {
      const target = typeof task.target === "string" ? document.querySelector(task.target) : task.target;
      if (!target) continue;
      // A popover that is only being filled stays, and stays where it is.
      const filled = /^inner/.test(task.swapSpec?.style ?? "") ? target : null;
      for (const one of find(target, "[id][style]")) if (one !== filled) one.removeAttribute("style");
    }
  });

  // A fault of the network is said, not swallowed.
  document.addEventListener("htmx:error", () => {
    const words = document.body.dataset.offline;
    const known = document.querySelector("[data-network]");
    if (!words || known) return;
    toast(`<div class="toast bad" role="alert" data-toast="8" data-network><span class="text"></span></div>`);
    document.querySelector("[data-network] .text").textContent = words;
  });

  return { ready, find, toast, openDialog };
})();
