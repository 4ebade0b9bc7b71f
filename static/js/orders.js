/* The order list: a filter that is left empty stays out of the address. */
"use strict";

document.addEventListener("formdata", (event) => {
  if (event.target.id !== "orders-filters-form") return;
  for (const [name, value] of [...event.formData.entries()]) {
    if (value === "") event.formData.delete(name);
  }
});
