(() => {
  const rows = [...document.querySelectorAll("#rows > .row")];
  const buttons = [...document.querySelectorAll("[data-status][aria-pressed]")];
  const search = document.getElementById("search");
  const apply = () => {
    const chosen = buttons.filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => b.dataset.status);
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = (!chosen.length || chosen.includes(row.dataset.status)) && words.every((w) => row.dataset.words.includes(w));
      row.hidden = !fits;
      shown += fits;
    }
    const all = shown === rows.length;
    document.getElementById("found").textContent = all ? "" : `${shown} of ${rows.length}`;
    document.getElementById("none").hidden = shown > 0 || rows.length === 0;
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
      apply();
    });
  }
  search.addEventListener("input", apply);
  search.form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      search.focus();
    }
  });
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
  apply();
})();
