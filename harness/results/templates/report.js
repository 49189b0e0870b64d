(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const rows = [...document.querySelectorAll("#rows > .row")];
  const buttons = [...document.querySelectorAll("[data-status][aria-pressed]")];
  const search = document.getElementById("search");
  const rule = document.getElementById("rule");

  // What a row holds is made when it is opened: thousands of checks cost nothing until then.
  const element = (name, text, title) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (title) made.title = title;
    return made;
  };
  const checkTable = (checks) => {
    const table = element("table");
    table.className = "checks";
    const head = table.createTHead().insertRow();
    for (const name of ["Clause", "Expected", "Observed"]) head.append(element("th", name));
    const body = table.createTBody();
    for (let at = 0; at < checks.length; at += 4) {
      const [clause, text] = data.clauses[checks[at]];
      const [status, glyph] = data.statuses[checks[at + 1]];
      const row = body.insertRow();
      const name = element("th");
      name.scope = "row";
      const sign = element("span", glyph, status);
      sign.className = `fg ${status}`;
      name.append(sign, " ", element("span", clause, text));
      row.append(name, element("td", data.texts[checks[at + 2]]), element("td", data.texts[checks[at + 3]]));
    }
    return table;
  };
  const fill = (row) => {
    if (row.children.length > 1) return;
    const own = data.rows[rows.indexOf(row)];
    const inside = element("div");
    inside.className = "inside";
    inside.innerHTML = own.more;
    if (own.checks.length) inside.prepend(checkTable(own.checks));
    row.append(inside);
  };
  for (const row of rows) row.addEventListener("toggle", () => row.open && fill(row));

  const words = rows.map((row, at) => {
    const clauses = new Set();
    const checks = data.rows[at].checks;
    for (let i = 0; i < checks.length; i += 4) clauses.add(data.clauses[checks[i]][0]);
    return `${row.querySelector(".name").textContent} ${[...clauses].join(" ")} `.toLowerCase();
  });
  const apply = () => {
    const chosen = buttons.filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => b.dataset.status);
    const asked = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (rule.value) asked.push(` ${rule.value.toLowerCase()}.`);
    let shown = 0;
    rows.forEach((row, at) => {
      const fits = (!chosen.length || chosen.includes(row.dataset.status)) && asked.every((w) => words[at].includes(w));
      row.hidden = !fits;
      shown += fits;
    });
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
  for (const button of document.querySelectorAll("[data-find]")) {
    button.addEventListener("click", () => {
      search.value = button.dataset.find;
      rule.value = "";
      apply();
      document.getElementById("scenarios").scrollIntoView();
      search.focus({ preventScroll: true });
    });
  }
  search.addEventListener("input", apply);
  rule.addEventListener("change", apply);
  search.form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    const at = document.activeElement;
    if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) {
      event.preventDefault();
      search.focus();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && at.tagName === "SUMMARY") {
      const all = [...document.querySelectorAll("summary")].filter((s) => s.checkVisibility());
      const next = all[all.indexOf(at) + step];
      if (next) {
        event.preventDefault();
        next.focus();
      }
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
