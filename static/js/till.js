/* The confirmation of a sale: data-print on a button prints the page. */
"use strict";

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-print]")) window.print();
});
