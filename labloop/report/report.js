"use strict";
(() => {
  const tip = document.getElementById("tip");
  let shown = null;

  // One experiment is lit up wherever it is drawn.
  function light(number) {
    if (number === shown) return;
    for (const mark of document.querySelectorAll(".on")) mark.classList.remove("on");
    document.body.classList.toggle("hot", number !== null);
    if (number !== null)
      for (const mark of document.querySelectorAll(`[data-e="${number}"]`)) mark.classList.add("on");
    shown = number;
  }

  function place(event) {
    const box = tip.getBoundingClientRect();
    const right = event.clientX + 16 + box.width < innerWidth;
    const below = event.clientY + 16 + box.height < innerHeight;
    tip.style.left = `${right ? event.clientX + 16 : event.clientX - box.width - 12}px`;
    tip.style.top = `${below ? event.clientY + 16 : Math.max(4, event.clientY - box.height - 12)}px`;
  }

  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest ? event.target.closest("[data-e],[data-tip]") : null;
    light(mark && mark.dataset.e && !mark.matches("div") ? Number(mark.dataset.e) : null);
    tip.hidden = !(mark && mark.dataset.tip);
    if (tip.hidden) return;
    tip.textContent = mark.dataset.tip;
    place(event);
  });
  document.addEventListener("pointerleave", () => { light(null); tip.hidden = true; });

  function value(row, column) {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
  }

  // Empty cells stay at the end whichever way the column is sorted.
  function order(first, second, sign) {
    if (first === "" || second === "") return (first === "") - (second === "");
    if (typeof first === "number" && typeof second === "number") return sign * (first - second);
    return sign * String(first).localeCompare(String(second), undefined, { numeric: true });
  }

  function sort(head) {
    const body = head.closest("table").tBodies[0];
    const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
    const column = head.cellIndex;
    const rows = [...body.rows].sort((a, b) => order(value(a, column), value(b, column), sign));
    body.append(...rows);
  }

  for (const head of document.querySelectorAll(".sortable th")) {
    const below = [...head.closest("table").tBodies[0].rows].map((row) => row.cells[head.cellIndex]);
    head.classList.toggle("num", below.some((cell) => cell.classList.contains("num")));
    head.tabIndex = 0;
    head.addEventListener("click", () => sort(head));
    head.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      sort(head);
    });
  }
})();
