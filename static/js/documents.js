/* Document screens.

   data-preview-form="name"   a form that a frame of this name shows a preview of; the address to
                              show is data-preview-url. The preview follows the form a moment after
                              the last change. Without this script its Preview button does it. */
"use strict";

(() => {
  const WAIT = 700;
  const form = document.querySelector("[data-preview-form]");
  const frame = form && document.querySelector(`iframe[name="${form.dataset.previewForm}"]`);
  if (!frame) return;

  const address = () => {
    const said = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (name !== "csrf_token") said.append(name, value); // an empty text is a wish too
    }
    return `${form.dataset.previewUrl}?${said}#toolbar=0&navpanes=0&view=FitH`;
  };

  let timer = 0;
  let shown = "";
  const follow = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const wanted = address();
      if (wanted === shown) return;
      shown = wanted;
      frame.contentWindow.location.replace(wanted);
    }, WAIT);
  };

  form.addEventListener("input", follow);
  form.addEventListener("change", follow);
})();
