/* The order list: a filter that is left empty stays out of the address; Enter in a field of a bulk
   act presses the button beside it (data-enter), which wants its field filled in (data-needed); the
   tab that is looked at is in sight. */
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !event.target.matches("input.input")) return;
  const button = event.target.closest("details, .pop")?.querySelector("[data-enter]");
  if (!button) return;
  event.preventDefault();
  button.click();
});

// All acts share one form, so none of their fields may be required by it.
document.addEventListener("click", (event) => {
  const beside = event.target.closest?.("[data-enter]")?.closest("details, .pop");
  const field = beside?.querySelector("[data-needed]");
  if (!field || field.value.trim()) return;
  event.preventDefault();
  field.setCustomValidity(field.dataset.needed);
  field.reportValidity();
  const clear = () => field.setCustomValidity("");
  for (const type of ["input", "blur"]) field.addEventListener(type, clear, { once: true });
});

// With many views the current tab may lie beyond the edge.
OMS.ready((root) => OMS.find(root, "#orders-tabs, #rail").forEach((tabs) => {
  const tab = tabs.querySelector("[aria-current]");
  if (tab) tabs.scrollLeft = tab.offsetLeft + tab.offsetWidth - tabs.clientWidth + 32;
}));

document.addEventListener("formdata", (event) => {
  if (event.target.id !== "orders-filters-form") return;
  for (const [name, value] of [...event.formData.entries()]) {
    if (value === "") event.formData.delete(name);
  }
  // The bare address leads to the view that somebody opens first.
  if (![...event.formData.keys()].length) event.formData.append("queue", "open");
});
