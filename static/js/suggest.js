/* A field with suggestions below it is a combobox: the arrows mark one, Enter takes the marked one,
   Escape marks none. Without this script each suggestion is a button that Tab reaches.

   data-suggests="id"   on the field: the list of buttons; the server replaces it as one types */
"use strict";

(() => {
  const listOf = (field) => (field.form ?? document)
    .querySelector(`#${CSS.escape(field.dataset.suggests)}`);
  const optionsOf = (list) => [...(list?.querySelectorAll("button") ?? [])];
  const marked = (list) => list?.querySelector("[aria-selected=true]");

  const mark = (field, list, chosen) => {
    optionsOf(list).forEach((one) => one.setAttribute("aria-selected", String(one === chosen)));
    if (chosen) {
      field.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  };

  const dress = (field) => {
    const list = listOf(field);
    if (!list) return;
    const options = optionsOf(list);
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", list.id);
    field.setAttribute("aria-expanded", String(options.length > 0));
    field.setAttribute("autocomplete", "off");
    if (options.length) {
      list.setAttribute("role", "listbox");
      list.setAttribute("aria-label", field.labels?.[0]?.textContent.trim() ?? "");
    }
    options.forEach((one, at) => {
      one.id = `${list.id}-${at}`;
      one.setAttribute("role", "option");
    });
    mark(field, list, null);
  };

  const dressAll = () => document.querySelectorAll("[data-suggests]").forEach(dress);
  OMS.ready(dressAll);
  document.addEventListener("htmx:after:swap", dressAll);

  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-suggests]") || event.isComposing || event.altKey) return;
    const list = listOf(field);
    const options = optionsOf(list);
    const at = options.indexOf(marked(list));
    if (["ArrowDown", "ArrowUp"].includes(event.key) && options.length) {
      const by = event.key === "ArrowDown" ? 1 : -1;
      const next = at < 0 ? (by > 0 ? 0 : options.length - 1) : at + by;
      mark(field, list, options[(next + options.length) % options.length]);
    } else if (event.key === "Enter" && at >= 0) {
      options[at].click();
    } else if (event.key === "Escape" && at >= 0) {
      mark(field, list, null);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }, true);
})();
