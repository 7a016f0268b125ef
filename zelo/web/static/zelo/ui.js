// Behaviour of the console: theme, keys, rows, choice. No dependency, no inline code. Each part works without the others.
const root = document.documentElement;

// theme: follow the system until the person chooses; the server reads the cookie and draws the page right at once
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) return;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `zelo_theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax${secure}`;
});

// times are shown in the zone of the person who reads
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`zelo_zone=${zone}`)) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `zelo_zone=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;
}

// rows: j and k walk, Enter opens
const rows = () => [...document.querySelectorAll("main [data-row]")];
function walk(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.getAttribute("aria-selected") === "true");
  const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))];
  for (const row of all) row.setAttribute("aria-selected", row === next);
  (next.querySelector("a") ?? next).focus();
  next.scrollIntoView({ block: "nearest" });
}

// keys: dead while typing and while a modifier is down; Ctrl-K is the one exception
let going = 0;
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "k") {
    event.preventDefault();
    document.getElementById("palette")?.showPopover();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
  if (going && Date.now() - going < 1500) {
    going = 0;
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) {
      event.preventDefault();
      link.click();
    }
    return;
  }
  if (event.key === "g") going = Date.now();
  else if (event.key === "j") walk(1);
  else if (event.key === "k") walk(-1);
  else if (event.key === "/") {
    const field = document.querySelector("main input:not([type=hidden]), main textarea, main select");
    if (field) {
      event.preventDefault();
      field.focus();
    }
  } else {
    const button = document.querySelector(`[aria-keyshortcuts="${CSS.escape(event.key)}"]`);
    if (button) {
      event.preventDefault();
      button.click();
    }
  }
});

// a form that filters sends itself when a choice changes
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (form && event.target.matches("select, input[type=checkbox], input[type=radio]")) form.requestSubmit();
});

// choose all rows of a table
document.addEventListener("change", (event) => {
  const name = event.target.dataset?.all;
  if (!name) return;
  for (const box of document.querySelectorAll(`input[name="${CSS.escape(name)}"]`)) box.checked = event.target.checked;
});

// copy a reference
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) navigator.clipboard?.writeText(button.dataset.copy).then(() => button.setAttribute("data-tone", "ok"));
});

// a live part pauses while the page is hidden
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.hasAttribute("data-live")) event.preventDefault();
});

// print the page
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
});
