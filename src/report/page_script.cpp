#include "report/page.h"

namespace tamis {

const char* const kPageScript = R"js(
(() => {
  'use strict';
  const root = document.documentElement;

  // Light or dark: the system's choice, unless the toggle or the address (#dark, #light) says otherwise.
  const dark = () => root.dataset.theme ? root.dataset.theme === 'dark'
                                        : matchMedia('(prefers-color-scheme: dark)').matches;
  const toggle = document.querySelector('.toggle');
  const show = () => { toggle.textContent = dark() ? 'Light' : 'Dark'; };
  if (['#dark', '#light'].includes(location.hash)) root.dataset.theme = location.hash.slice(1);
  toggle.addEventListener('click', () => { root.dataset.theme = dark() ? 'light' : 'dark'; show(); });
  toggle.hidden = false;
  show();

  // Tables sort by a click on a heading; rows without a value stay last either way.
  const value = (row, column) => row.cells[column].dataset.v ?? '';
  const compare = (a, b, numeric) => numeric ? Number(a) - Number(b) : a.localeCompare(b, 'en', {numeric: true});
  const sort = (heading) => {
    const table = heading.closest('table'), body = table.tBodies[0], column = heading.cellIndex;
    const up = heading.getAttribute('aria-sort') !== 'ascending';
    const numeric = heading.classList.contains('num');
    for (const other of heading.parentNode.cells) other.removeAttribute('aria-sort');
    heading.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const rows = [...body.rows].map((row) => [value(row, column), row]);
    rows.sort(([a], [b]) => a === '' || b === '' ? (a === '') - (b === '')
                                                 : compare(a, b, numeric) * (up ? 1 : -1));
    body.append(...rows.map(([, row]) => row));
  };
  for (const heading of document.querySelectorAll('table.sortable th')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...heading.childNodes);
    button.addEventListener('click', () => sort(heading));
    heading.append(button);
  }

  // The titles of the plots' marks, shown at once and kept for screen readers.
  const tip = document.createElement('div');
  tip.id = 'tip';
  tip.hidden = true;
  document.body.append(tip);
  const move = (event) => {
    const box = tip.getBoundingClientRect();
    const x = event.clientX + 14 + box.width > innerWidth ? event.clientX - 14 - box.width : event.clientX + 14;
    const y = event.clientY + 14 + box.height > innerHeight ? event.clientY - 14 - box.height : event.clientY + 14;
    tip.style.left = Math.max(4, x) + 'px';
    tip.style.top = Math.max(4, y) + 'px';
  };
  for (const mark of document.querySelectorAll('svg .mark')) {
    const title = mark.querySelector('title');
    const text = title.textContent;
    mark.setAttribute('role', 'img');
    mark.setAttribute('aria-label', text);
    title.remove();
    mark.addEventListener('pointerenter', (event) => { tip.textContent = text; tip.hidden = false; move(event); });
    mark.addEventListener('pointermove', move);
    mark.addEventListener('pointerleave', () => { tip.hidden = true; });
  }
})();
)js";

}  // namespace tamis
