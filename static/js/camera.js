/* The camera as a scanner, and as a camera. Needs pack.js, whose line of scans it feeds.

   data-camera          on a button: reads codes with the camera (BarcodeDetector), until closed
   data-photo           on a form with a file field: what is chosen is made small here and posted
   data-photo-camera    inside it: takes the picture with the camera; shown where there is one
   The dialog #camera has data-camera-view (the picture), data-camera-hint (while codes are read),
   data-camera-shot (takes the photo) and data-camera-word with data-words: why it cannot be, in
   words, where the browser reads no codes, the page is not safe, or there is no camera. */
"use strict";

(() => {
  const LONGEST = 1600;         // px; the server stores no more
  const AGAIN_MS = 2500;        // the same code is not read twice within so long
  const LOOK_MS = 120;
  const FORMATS = ["ean_13", "ean_8", "upc_a", "upc_e", "code_128", "code_39", "itf", "qr_code"];

  const dialog = () => document.getElementById("camera");
  const part = (name) => dialog().querySelector(`[data-camera-${name}]`);
  let stream = null;
  let looking = 0;

  const stop = () => {
    clearTimeout(looking);
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    if (dialog()) part("view").srcObject = null;
  };

  const refuse = (why) => {
    const word = part("word");
    word.textContent = JSON.parse(dialog().querySelector("[data-words]").dataset.words)[why];
    word.hidden = false;
    part("view").hidden = part("hint").hidden = part("shot").hidden = true;
  };

  const open = async (reads) => {
    stop();
    part("word").hidden = true;
    part("view").hidden = false;
    part("hint").hidden = !reads;
    part("shot").hidden = reads;
    window.OMS.openDialog("camera");
    if (!window.isSecureContext) return refuse("secure");
    if (reads && !("BarcodeDetector" in window)) return refuse("detector");
    if (!navigator.mediaDevices?.getUserMedia) return refuse("none");
    try {
      stream = await navigator.mediaDevices.getUserMedia(
        { audio: false, video: { facingMode: "environment", width: { ideal: 1920 } } });
    } catch (error) {
      return refuse(error.name === "NotAllowedError" ? "denied" : "none");
    }
    if (!dialog().open) return stop();
    part("view").srcObject = stream;
    await part("view").play();
    return true;
  };

  // Codes --------------------------------------------------------------------------------------

  const read = async () => {
    if (!await open(true)) return;
    const known = await BarcodeDetector.getSupportedFormats();
    const formats = FORMATS.filter((one) => known.includes(one));
    if (!formats.length) return refuse("detector");
    const detector = new BarcodeDetector({ formats });
    let last = "";
    let at = -AGAIN_MS;
    const look = async () => {
      if (!stream) return;
      try {
        const [found] = await detector.detect(part("view"));
        const fresh = found && (found.rawValue !== last || performance.now() - at > AGAIN_MS);
        if (fresh) {
          last = found.rawValue;
          at = performance.now();
          window.OMS.scanned(last);
        }
      } catch { /* a frame that cannot be read is followed by another */ }
      looking = setTimeout(look, LOOK_MS);
    };
    look();
  };

  // Photos -------------------------------------------------------------------------------------

  const small = (source, width, height) => new Promise((done) => {
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(done, "image/jpeg", 0.85);
  });

  const post = (form, blob) => {
    const field = form.querySelector("[type=file]");
    if (blob) {
      const chosen = new DataTransfer();
      chosen.items.add(new File([blob], "parcel.jpg", { type: "image/jpeg" }));
      field.files = chosen.files;
    }
    form.requestSubmit();
  };

  const shoot = async () => {
    const view = part("view");
    const form = document.querySelector("form[data-photo]");
    if (!stream || !form || !view.videoWidth) return;
    const blob = await small(view, view.videoWidth, view.videoHeight);
    dialog().close();
    post(form, blob);
  };

  document.addEventListener("change", async (event) => {
    const form = event.target.closest?.("form[data-photo]");
    if (!form || !event.isTrusted || !event.target.files?.length) return;
    let blob = null;  // what the browser cannot draw is sent as it is; the server judges it
    try {
      const picture = await createImageBitmap(event.target.files[0]);
      blob = await small(picture, picture.width, picture.height);
    } catch { /* sent as it is */ }
    post(form, blob);
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-camera]")) read();
    else if (event.target.closest?.("[data-photo-camera]")) open(false);
    else if (event.target.closest?.("[data-camera-shot]")) shoot();
  });

  window.OMS.ready((root) => {
    const possible = window.isSecureContext && navigator.mediaDevices?.getUserMedia;
    window.OMS.find(root, "[data-photo-camera]").forEach((one) => { one.hidden = !possible; });
  });

  document.addEventListener("DOMContentLoaded",
    () => dialog()?.addEventListener("close", stop));
})();
