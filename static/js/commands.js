/* The search field of the top bar also takes commands: what is typed is looked for among the sections
   and the acts of the screen. What begins with it is marked, and Enter takes it; the last line
   searches orders instead. Where nothing fits there is no list, and Enter searches orders.

   data-commands="id"   on the form: the list that shows the matches
   Commands are read off the page: links of the sections and menus, and whatever carries data-key. */
"use strict";

(() => {
  const form = document.querySelector("form[data-commands]");
  const list = form && document.getElementById(form.dataset.commands);
  if (!list) return;
  const field = form.querySelector("input[type=search]");
  const MOST = 8;
  let marked = -1;

  field.setAttribute("role", "combobox");
  field.setAttribute("aria-expanded", "false");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-autocomplete", "list");

  // Case and accents do not matter: "zam" and "ZAM" find Zamówienia, "lodz" finds Łódź.
  const fold = (text) => text.toLowerCase().replaceAll("ł", "l").normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "");

  const wordsOf = (one) => (one.dataset.keyName || one.getAttribute("aria-label") || one.title
    || [...one.childNodes].filter((node) => node.nodeName !== "KBD" && node.nodeName !== "svg"
      && !node.classList?.contains("n")).map((node) => node.textContent).join(" ")).trim();

  const commands = () => {
    const found = new Map();
    const add = (one, go) => {
      const words = wordsOf(one).replace(/\s+/g, " ");
      if (words && !found.has(words)) found.set(words, { words, one, go });
    };
    document.querySelectorAll(".sections a, #more a, #me a").forEach((one) => add(one, true));
    document.querySelectorAll("main [data-key]").forEach((one) => {
      if (one.getClientRects().length && !one.disabled && one !== field) add(one, false);
    });
    return [...found.values()];
  };

  const mark = (index) => {
    const items = [...list.children];
    marked = (index + items.length) % items.length;
    items.forEach((item, n) => item.setAttribute("aria-selected", String(n === marked)));
    field.setAttribute("aria-activedescendant", items[marked].id);
  };

  const unmark = () => {
    marked = -1;
    field.removeAttribute("aria-activedescendant");
    [...list.children].forEach((item) => item.setAttribute("aria-selected", "false"));
  };

  const close = () => {
    if (list.matches(":popover-open")) list.hidePopover();
    field.setAttribute("aria-expanded", "false");
    unmark();
  };

  const take = (command) => {
    close();
    field.value = "";
    field.blur();
    command.one.click();
  };

  const option = (words, n, go) => {
    const item = document.createElement("li");
    item.id = `command-${n}`;
    item.role = "option";
    const text = document.createElement("span");
    const key = document.createElement("kbd");
    text.textContent = words;
    key.textContent = "Enter";
    item.append(text, key);
    item.take = go;
    item.addEventListener("pointerdown", (event) => { event.preventDefault(); go(); });
    return item;
  };

  const show = () => {
    const wanted = fold(field.value.trim());
    const hits = wanted ? commands().filter((one) => fold(one.words).split(" ")
      .some((word) => word.startsWith(wanted)) || fold(one.words).startsWith(wanted)).slice(0, MOST) : [];
    if (!hits.length) { list.replaceChildren(); return close(); }
    list.replaceChildren(
      ...hits.map((hit, n) => option(hit.go ? `${list.dataset.go}: ${hit.words}` : hit.words, n,
        () => take(hit))),
      option(`${list.dataset.search}: ${field.value.trim()}`, hits.length, () => form.submit()),
    );
    if (!list.matches(":popover-open")) list.showPopover();
    const box = form.getBoundingClientRect();
    list.style.left = `${box.left}px`;
    list.style.top = `${box.bottom + 6}px`;
    list.style.minWidth = `${box.width}px`;
    field.setAttribute("aria-expanded", "true");
    mark(0);
  };

  field.addEventListener("input", show);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    const open = list.matches(":popover-open");
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      mark(event.key === "ArrowDown" ? marked + 1 : Math.max(marked, 0) - 1);
    } else if (open && event.key === "Enter" && marked >= 0) {
      event.preventDefault();
      list.children[marked].take();
    } else if (open && event.key === "Escape") {
      event.preventDefault();
      close();
    }
  });
})();
