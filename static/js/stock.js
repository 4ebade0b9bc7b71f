/* Stock screens.

   data-why       a link whose part htmx puts into a popover: the popover opens beside the link
   data-scan      a form whose field "code" a scanner types into, and what its answer replaces: it
                  is sent by Enter and emptied at once, so the next scan can follow while the
                  answer is on its way; data-lost inside it says what became of one without answer
   data-goes      a list of bins: choosing one opens that address with ?place= */
"use strict";

(() => {
  let source = null;

  const place = (pop, from) => {
    const at = from.getBoundingClientRect();
    const size = pop.getBoundingClientRect();
    const below = at.bottom + 6;
    const top = below + size.height > innerHeight - 12 && at.top - size.height > 14
      ? at.top - 6 - size.height : Math.max(8, Math.min(below, innerHeight - size.height - 12));
    pop.style.left = `${Math.max(12, Math.min(at.left - size.width / 3, innerWidth - size.width - 12))}px`;
    pop.style.top = `${top}px`;
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-why]");
    if (link) source = link;
  });

  const enter = (pop) => {
    const field = pop.querySelector("[aria-invalid=true]") ?? pop.querySelector("[data-first]");
    pop.tabIndex = -1;
    (field ?? pop).focus();
  };

  document.addEventListener("htmx:after:swap", () => {
    const pop = document.querySelector(".why-pop");
    if (!pop?.firstElementChild) return;
    if (pop.matches(":popover-open") && !source) {
      if (!pop.contains(document.activeElement)) enter(pop);
      return;
    }
    if (!source) return;
    const link = source;
    source = null;
    if (!pop.matches(":popover-open")) pop.showPopover();
    place(pop, link.matches(".row-keys *") ? link.closest("td") : link);
    enter(pop);
    pop.addEventListener("toggle", (closed) => {
      if (closed.newState === "closed") link.closest("[data-row]")?.focus({ preventScroll: true });
    }, { once: true });
  });

  // What a scan answers may name the bin that the next scans are for.
  const follow = () => {
    const said = document.querySelector(".said[data-place]");
    const select = document.querySelector("form[data-scan] select[name=place]");
    if (said && select) select.value = said.dataset.place;
  };

  document.addEventListener("change", (event) => {
    const select = event.target.closest?.("select[data-goes]");
    if (select) location.assign(`${select.dataset.goes}?place=${encodeURIComponent(select.value)}`);
  });

  const field = (form) => form.querySelector("input[name=code]");

  // Scans are sent one after another, in order, each with what the form said when it was scanned.
  // The field is free at once; a scan whose answer is lost is named, not silently tried again,
  // because nobody knows whether it was counted.
  const waiting = [];
  let sending = false;

  const send = async (form) => {
    if (sending) return;
    sending = true;
    while (waiting.length) {
      // A bin that was scanned before counts for what follows, however fast it follows.
      const values = { ...waiting.shift(), place: form.querySelector("[name=place]").value };
      let lost = false;
      const note = () => { lost = true; };
      document.addEventListener("htmx:error", note, { once: true });
      const target = document.querySelector(form.dataset.scan);
      try {
        await htmx.ajax("POST", form.action, { source: target, target, swap: "outerHTML", values });
      } catch { lost = true; }
      document.removeEventListener("htmx:error", note);
      if (lost) {
        const said = form.querySelector("[data-lost]");
        said.textContent = said.dataset.lost.replace("{code}", values.code || values.variant_id);
        said.hidden = false;
        break;
      }
    }
    sending = false;
  };

  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.("form[data-scan]");
    if (!form) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const values = Object.fromEntries(new FormData(form, event.submitter));
    field(form).value = "";
    form.querySelector("input[name=units]").value = "";
    form.querySelector(".suggest")?.replaceChildren();
    form.querySelector("[data-lost]").hidden = true;
    field(form).focus();
    waiting.push(values);
    send(form);
  }, true);

  document.addEventListener("htmx:after:swap", () => {
    const form = document.querySelector("form[data-scan]");
    if (!form) return;
    follow();
    if (document.activeElement === document.body) field(form)?.focus();
  });
})();
