// New orders announce themselves; the list under the reader's eyes stays as it is.
const note = document.getElementById("newer");

async function look() {
  const answer = await fetch(`${note.dataset.ask}?than=${note.dataset.than}`);
  if (!answer.ok) return;
  const { n } = await answer.json();
  if (n > 0) {
    note.querySelector("b").textContent = n;
    note.hidden = false;
  }
}

if (note) setInterval(() => look().catch(() => {}), 5000);
