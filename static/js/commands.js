/* The palette: the search field of the top bar finds orders, products, screens and acts.

   data-commands="id"   on the form: the list that shows the hits
   data-find="address"  on that list: where the server is asked; it answers groups of options
   data-search          on that list: what the last line is called, which searches orders instead

   What the screen itself offers is read off the page and stands first: the sections and menus, what
   carries data-key, the buttons at the head of a list and those for the ticked rows. The server's
   answer comes a moment after the last key and never moves what is marked. What begins like a
   command, or is a whole code, is marked, and Enter takes it; otherwise Enter searches orders. With
   nothing typed there is what was looked at last. */
"use strict";

(() => {
  const form = document.querySelector("form[data-commands]");
  const list = form && document.getElementById(form.dataset.commands);
  if (!list) return;
  const field = form.querySelector("input[type=search]");
  const MOST = 8;
  const WAIT_MS = 150;
  const answers = new Map();  // what was typed -> the server's groups
  let timer;
  let asking;

  field.setAttribute("role", "combobox");
  field.setAttribute("aria-expanded", "false");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-autocomplete", "list");

  // Case and accents do not matter: "zam" and "ZAM" find Zamówienia, "lodz" finds Łódź.
  const fold = (text) => text.toLowerCase().replaceAll("ł", "l").normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "");

  const typed = () => field.value.trim();

  const wordsOf = (one) => (one.dataset.keyName || one.getAttribute("aria-label") || one.title
    || [...one.childNodes].filter((node) => node.nodeName !== "KBD" && node.nodeName !== "svg"
      && !node.classList?.contains("n")).map((node) => node.textContent).join(" ")).trim();

  const seen = (one) => one.getClientRects().length > 0;

  // In a closed menu whose button is there to be pressed.
  const tucked = (one) => {
    const menu = one.closest("[popover]");
    return menu && [...document.querySelectorAll(`[popovertarget="${CSS.escape(menu.id)}"]`)].some(seen);
  };

  const commands = () => {
    const found = new Map();
    const add = (one, go) => {
      const words = wordsOf(one).replace(/\s+/g, " ");
      if (words && !found.has(words)) found.set(words, { words, one, go });
    };
    document.querySelectorAll(".sections a, #more a, #me a").forEach((one) => add(one, true));
    document.querySelectorAll(
      "main :is([data-key], .acts > .btn, [data-bulk] .btn, [data-menu] :is(a, button))",
    ).forEach((one) => {
      if (!one.disabled && one !== field && (seen(one) || tucked(one))) add(one, false);
    });
    return [...found.values()];
  };

  // What is marked ----------------------------------------------------------------------------

  const options = () => [...list.querySelectorAll("[role=option]")];
  const marked = () => list.querySelector("[aria-selected=true]");

  const mark = (item) => {
    options().forEach((one) => one.setAttribute("aria-selected", String(one === item)));
    if (item) {
      field.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  };

  const step = (by) => {
    const all = options();
    const at = all.indexOf(marked());
    mark(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length]);
  };

  // What is shown -----------------------------------------------------------------------------

  const close = () => {
    clearTimeout(timer);
    asking?.abort();
    if (list.matches(":popover-open")) list.hidePopover();
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };

  const option = (id, words, take) => {
    const item = document.createElement("div");
    item.id = id;
    item.role = "option";
    item.setAttribute("aria-selected", "false");
    const text = document.createElement("span");
    const key = document.createElement("kbd");
    text.className = "cut";
    text.textContent = words;
    key.textContent = "Enter";
    item.append(text, key);
    item.take = take;
    return item;
  };

  const take = (item) => {
    const go = item.take ?? (() => location.assign(item.href));
    close();
    field.value = "";
    field.blur();
    go();
  };

  const theirs = (own) => {
    const box = document.createElement("div");
    box.innerHTML = answers.get(typed()) ?? "";
    const here = new Set(own.map((hit) => hit.one.href).filter(Boolean));
    for (const item of box.querySelectorAll("a[role=option]")) {
      if (here.has(item.href)) item.remove();
    }
    return [...box.children].filter((group) => group.querySelector("[role=option]"));
  };

  const show = () => {
    const wanted = fold(typed());
    const before = marked()?.id;
    const own = wanted ? commands().filter((one) => fold(one.words).split(" ")
      .some((word) => word.startsWith(wanted)) || fold(one.words).startsWith(wanted)).slice(0, MOST) : [];
    const groups = theirs(own);
    if (document.activeElement !== field || (!own.length && !groups.length)) {
      list.replaceChildren();
      return close();
    }
    list.replaceChildren(
      ...own.map((hit, n) => option(`command-${n}`,
        hit.go ? `${list.dataset.go}: ${hit.words}` : hit.words, () => hit.one.click())),
      ...groups,
    );
    const text = typed();
    if (text && list.dataset.search) {
      list.append(option("command-search", `${list.dataset.search}: ${text}`,
        () => { field.value = text; form.submit(); }));
    }
    if (!list.matches(":popover-open")) list.showPopover();
    const box = form.getBoundingClientRect();
    list.style.left = `${Math.max(8, Math.min(box.left, innerWidth - list.offsetWidth - 8))}px`;
    list.style.top = `${box.bottom + 6}px`;
    list.style.minWidth = `${box.width}px`;
    field.setAttribute("aria-expanded", "true");
    mark((before && document.getElementById(before)) || list.querySelector("[data-sure]")
      || (own.length ? options()[0] : null));
  };

  const ask = async () => {
    const text = typed();
    if (answers.has(text)) return;
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(`${list.dataset.find}?q=${encodeURIComponent(text)}`,
        { headers: { "HX-Request": "true" }, signal: asking.signal });
      if (!answer.ok) return;
      if (answers.size > 40) answers.clear();
      answers.set(text, await answer.text());
      if (text === typed()) show();
    } catch {
      // Asked anew, or no network: Enter still searches, and says so if it cannot.
    }
  };

  const changed = () => {
    list.replaceChildren();  // a mark belongs to what was typed
    show();
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  };

  field.addEventListener("input", changed);
  field.addEventListener("focus", () => {
    if (!typed()) answers.delete("");
    timer = setTimeout(ask, typed() ? WAIT_MS : 0);
  });
  field.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => event.preventDefault());  // the field keeps the focus
  list.addEventListener("click", (event) => {
    const item = event.target.closest("[role=option]");
    if (!item || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    take(item);
  });
  field.addEventListener("keydown", (event) => {
    const open = list.matches(":popover-open");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && open && marked()?.href) {
      event.preventDefault();
      window.open(marked().href);
    } else if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (open && event.key === "Enter" && marked()) {
      event.preventDefault();
      take(marked());
    } else if (open && event.key === "Escape") {
      event.preventDefault();
      close();
    }
  });
})();
