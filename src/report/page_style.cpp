#include "report/page.h"

namespace tamis {

const char* const kPageDarkColours = R"css(
  --paper: #111416; --surface: #1a1e21; --raised: #22272b; --ink: #e9ebec; --soft: #b6bdc3;
  --muted: #8e979f; --line: #2d3338; --grid: #272d31;
  --good: #3ecfb2; --good-soft: #12332e; --warn: #f2b84b; --warn-soft: #372b12;
  --bad: #f4808f; --bad-soft: #3a1d23; --base: #7fb0ff; --base-soft: #1a2a45; --mark: #3ecfb2;
  --shade: rgba(244,128,143,.07); --shadow: 0 1px 2px rgba(0,0,0,.4);
)css";

const char* const kPageStyle = R"css(
:root {
  color-scheme: light dark;
  --paper: #f6f7f6; --surface: #ffffff; --raised: #f1f3f2; --ink: #1a1f24; --soft: #434b53;
  --muted: #68727c; --line: #e1e5e4; --grid: #ebeeed;
  --good: #0b7a68; --good-soft: #dff3ee; --warn: #9a5b00; --warn-soft: #fdf0d8;
  --bad: #b4243c; --bad-soft: #fce6e9; --base: #2158c7; --base-soft: #e4edfd; --mark: #0b7a68;
  --shade: rgba(180,36,60,.045); --shadow: 0 1px 2px rgba(20,30,30,.05), 0 4px 14px rgba(20,30,30,.04);
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "DejaVu Sans", sans-serif; }
main { max-width: 1288px; margin: 0 auto; padding: 26px 28px 64px; }
header.top { display: flex; align-items: baseline; gap: 12px; flex-wrap: wrap; color: var(--muted);
  font-size: 13px; margin-bottom: 22px; }
header.top strong { color: var(--ink); font-size: 15px; letter-spacing: .01em; }
header.top .grow { flex: 1; }
h1 { font-size: 27px; line-height: 1.28; letter-spacing: -.015em; margin: 10px 0 8px; font-weight: 680; }
h2 { font-size: 18px; letter-spacing: -.005em; margin: 0 0 4px; font-weight: 650; }
h3 { font-size: 14px; margin: 20px 0 8px; font-weight: 650; color: var(--soft); }
p { margin: 6px 0; } .lead { color: var(--soft); font-size: 16px; } .hint { color: var(--muted); font-size: 13px; }
section { background: var(--surface); border: 1px solid var(--line); border-radius: 12px;
  padding: 22px 24px; margin-top: 18px; box-shadow: var(--shadow); }
.hero { padding: 26px 28px; }
.chip { display: inline-block; border-radius: 99px; padding: 1px 10px; font-size: 12px; font-weight: 600; line-height: 1.65;
  white-space: nowrap; background: var(--raised); color: var(--soft); }
.chip.met, .chip.faster { background: var(--good-soft); color: var(--good); }
.chip.estimated, .chip.nearest_miss, .chip.interrupted { background: var(--warn-soft); color: var(--warn); }
.chip.missed, .chip.failed, .chip.slower { background: var(--bad-soft); color: var(--bad); }
.chip.baseline { background: var(--base-soft); color: var(--base); }
.note { border-left: 3px solid var(--warn); padding: 2px 0 2px 14px; margin: 12px 0 0; color: var(--soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 20px; }
.card { background: var(--raised); border-radius: 10px; padding: 13px 16px 12px; }
.card b { display: block; font-size: 12.5px; font-weight: 560; color: var(--muted); }
.card .big { font-size: 25px; font-weight: 660; letter-spacing: -.02em; line-height: 1.35; font-variant-numeric: tabular-nums; }
.card .sub { font-size: 12.5px; color: var(--muted); font-variant-numeric: tabular-nums; }
.card.good .big { color: var(--good); }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 4px 40px; }
ul { padding-left: 19px; margin: 6px 0; } li { margin: 5px 0; } li::marker { color: var(--muted); }
code, pre { font: 12.5px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { background: var(--raised); border-radius: 5px; padding: 1px 5px; overflow-wrap: anywhere; }
pre { background: var(--raised); border-radius: 8px; padding: 12px 14px; overflow-x: auto; margin: 8px 0; }
pre.wrap { white-space: pre-wrap; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 12px -24px 0; padding: 0 24px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 9px; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-size: 12px; font-weight: 600; color: var(--muted); white-space: nowrap; vertical-align: bottom; }
th:first-child, td:first-child { padding-left: 8px; }
tbody tr:last-child td { border-bottom: 0; }
.num { text-align: right; white-space: nowrap; }
td small { display: block; color: var(--muted); font-size: 11.5px; line-height: 1.4; }
td.id { font-weight: 600; white-space: nowrap; color: var(--soft); } td.name { min-width: 230px; }
tr.pick td { background: var(--good-soft); } tr.pick td.id { color: var(--good); }
tr.pick td:first-child { border-radius: 8px 0 0 8px; } tr.pick td:last-child { border-radius: 0 8px 8px 0; }
tr.pick td { border-bottom-color: transparent; } tr.pick .chip { background: var(--surface); }
tr.baseline td.id { color: var(--base); } tr.failed td { color: var(--muted); }
tbody tr:hover td { background: var(--raised); } tbody tr.pick:hover td { background: var(--good-soft); }
.absent { color: var(--muted); cursor: help; }
th button { all: unset; cursor: pointer; } th button:hover { color: var(--ink); }
th button:focus-visible, .toggle:focus-visible, summary:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; border-radius: 4px; }
th[aria-sort=ascending] button::after { content: " ↑"; color: var(--mark); }
th[aria-sort=descending] button::after { content: " ↓"; color: var(--mark); }
.toggle { font: inherit; font-size: 12.5px; color: var(--soft); background: var(--surface); border: 1px solid var(--line);
  border-radius: 99px; padding: 3px 12px; cursor: pointer; }
details { margin-top: 14px; } summary { cursor: pointer; color: var(--soft); font-weight: 560; font-size: 14px; }
dl { display: grid; grid-template-columns: minmax(130px, max-content) 1fr; gap: 5px 18px; margin: 8px 0; font-size: 13.5px; }
dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
.warning { display: grid; grid-template-columns: 18px 1fr; gap: 8px; margin: 9px 0; font-size: 14px; }
.warning i { font-style: normal; color: var(--warn); } .warning small { display: block; color: var(--muted); font-size: 13px; }
.failure { border-top: 1px solid var(--line); padding: 12px 0 4px; } .failure:first-of-type { border-top: 0; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 12.5px; color: var(--muted); margin: 8px 0 10px; }
.legend svg { width: 16px; height: 14px; vertical-align: -2px; margin-right: 5px; overflow: visible; }
.changes { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 540px), 1fr)); gap: 20px 24px; margin-top: 14px; }
figure { margin: 0; } figure img { display: block; max-width: 100%; height: auto; border-radius: 6px; background: #fff; }
figcaption { font-size: 13px; color: var(--soft); margin-top: 7px; overflow-wrap: anywhere; }
figcaption b { color: var(--ink); font-weight: 600; margin-right: 4px; } figcaption small { display: block; color: var(--warn); }
.swatch { display: inline-block; width: 14px; height: 10px; margin-right: 6px; border: 2.5px solid #3a86de; border-radius: 2px; }
.swatch.lost { border-color: #de283c; } .swatch.gained { border-color: #f08c00; } .swatch.relabelled { border-color: #c434d6; }
.swatch.truth { border: 1.5px dashed var(--muted); } .swatch.heat { border: 0; background: linear-gradient(90deg, #3a6bff, #6fe08a, #ffd23a, #e0301e); }
footer { color: var(--muted); font-size: 12.5px; margin-top: 26px; text-align: center; }

svg.plot { display: block; width: 100%; height: auto; margin-top: 6px; }
svg.narrow { display: none; }
svg text { font-size: 12px; fill: var(--muted); font-variant-numeric: tabular-nums; }
svg .axis { font-size: 12.5px; } svg .label { fill: var(--soft); }
.grid { stroke: var(--grid); fill: none; } .frontier { stroke: var(--mark); stroke-width: 1.5; fill: none; stroke-dasharray: 5 4; opacity: .65; }
.floor { stroke: var(--bad); stroke-width: 1.2; stroke-dasharray: 2 3; fill: none; } .below { fill: var(--shade); }
svg .floor-label { fill: var(--bad); font-size: 11.5px; }
.met { --c: var(--good); } .estimated { --c: var(--warn); } .missed { --c: var(--bad); } .undecided { --c: var(--muted); }
.point.baseline, .key.baseline { --c: var(--base); }
.shape { fill: var(--c); stroke: var(--surface); stroke-width: 1.2; } .shape.cross { stroke: var(--c); stroke-width: 2.4; stroke-linecap: round; fill: none; }
.whisker { stroke: var(--c); stroke-width: 1.3; opacity: .42; fill: none; } .halo { fill: none; stroke: var(--c); stroke-width: 2; }
.point.pick .whisker { opacity: .8; stroke-width: 1.8; } .point.pick .label { fill: var(--good); font-weight: 680; }
.point.baseline:not(.pick) .label { fill: var(--base); font-weight: 600; }
.mark:hover .whisker { opacity: 1; } .mark:hover .label { fill: var(--ink); font-weight: 680; }
.rug path { stroke: var(--muted); stroke-width: 2; opacity: .6; } .rug:hover path { opacity: 1; }
.dots { stroke: var(--c, var(--muted)); stroke-width: 3; stroke-linecap: round; opacity: .34; fill: none; }
.box { fill: var(--c, var(--muted)); opacity: .24; } .median { stroke: var(--c, var(--soft)); stroke-width: 2.4; stroke-linecap: round; }
.hit { fill: transparent; } .row:hover .hit { fill: var(--raised); }
.row .id { font-weight: 650; } .row.pick { --c: var(--good); } .row.baseline { --c: var(--base); }
.row.pick .label, .row.pick .value { fill: var(--good); font-weight: 650; } .row.baseline .label, .row.baseline .value { fill: var(--base); }
#tip { position: fixed; z-index: 9; max-width: 330px; pointer-events: none; background: var(--ink); color: var(--paper); font-size: 12.5px;
  line-height: 1.45; padding: 7px 10px; border-radius: 7px; white-space: pre-line; box-shadow: 0 4px 18px rgba(0,0,0,.25); }

@media (max-width: 720px) {
  main { padding: 16px 12px 40px; } section { padding: 17px 15px; border-radius: 10px; } .hero { padding: 19px 16px; }
  h1 { font-size: 21px; } .lead { font-size: 15px; } .two { grid-template-columns: 1fr; }
  .cards { grid-template-columns: 1fr 1fr; gap: 9px; } .card { padding: 10px 12px; } .card .big { font-size: 20px; }
  .scroll { margin: 10px -15px 0; padding: 0 15px; } svg.wide { display: none; } svg.narrow { display: block; }
  td.id, th:first-child { position: sticky; left: -15px; background: var(--surface); padding-left: 4px; z-index: 1; }
  tr.pick td.id { background: var(--good-soft); } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 8px; }
}
@media print {
  body { font-size: 11px; background: #fff; } main { max-width: none; padding: 0; } section { box-shadow: none; break-inside: avoid; padding: 12px 14px; }
  section.long { break-inside: auto; } .toggle { display: none; } .scroll { overflow: visible; } table { font-size: 9.5px; }
  th, td { padding: 3px 5px; } td.name { min-width: 0; } tr { break-inside: avoid; } pre { white-space: pre-wrap; }
}
)css";

}  // namespace tamis
