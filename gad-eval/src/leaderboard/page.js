"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const key = (row, at) => {
    const cell = row.cells[at];
    const text = cell.dataset.v ?? cell.textContent.trim();
    const number = text === "" || text === "–" ? NaN : Number(text);
    return { text, number };
  };
  const sort = (head, at) => {
    const numbers = head.classList.contains("num");
    // Numbers begin with the largest, texts with the first.
    const before = head.getAttribute("aria-sort");
    const down = before ? before === "ascending" : numbers;
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].map((row) => ({ row, ...key(row, at) }));
    rows.sort((a, b) => {
      if (!numbers) return (down ? -1 : 1) * a.text.localeCompare(b.text);
      // What has no value stays at the end.
      if (Number.isNaN(a.number) || Number.isNaN(b.number)) return Number.isNaN(a.number) - Number.isNaN(b.number);
      return (down ? -1 : 1) * (a.number - b.number);
    });
    table.tBodies[0].append(...rows.map((entry) => entry.row));
  };
  heads.forEach((head, at) => {
    head.tabIndex = 0;
    head.addEventListener("click", () => sort(head, at));
    head.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(head, at); }
    });
  });
}
