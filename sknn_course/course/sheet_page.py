"""The frame of a sheet's page: its style, and where the parts go."""

from string import Template

PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 3rem;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  color: #1c1c1c; background: #fff; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .4rem; padding-bottom: .2rem;
  border-bottom: 2px solid #0b5394; }
h3 { font-size: 1.08rem; margin: 0 0 .3rem; }
section { margin: 1.6rem 0 2rem; }
p, ul { max-width: 46rem; margin: .4rem 0; }
ul { padding-left: 1.2rem; }
a { color: #0b5394; }
.finding { font-size: 1.1rem; border-left: .25rem solid #0b5394; padding-left: .8rem; }
.size { color: #555; font-size: .92rem; }
.reason { border-left: .25rem solid #b45f06; padding-left: .8rem; }
.erratum { background: #f6f1e4; padding: .4rem .8rem; font-size: .95rem; }
.badge { font-size: .78rem; font-weight: 600; padding: .1rem .5rem; margin-left: .3rem;
  border-radius: .7rem; white-space: nowrap; background: #e4e4e4; color: #333; }
.badge.passed { background: #d6ecd9; color: #1d5a28; }
.badge.outside { background: #fbe5cd; color: #7a4004; }
.badge.failed { background: #f6d5d5; color: #8a1c1c; }
.badge.shown { background: #dbe8f6; color: #0b4379; }
.scroll { overflow-x: auto; margin: .7rem 0; }
table { border-collapse: collapse; font-size: .92rem; }
table.summary { width: 100%; }
td:first-child:not(.number) { min-width: 11rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .3rem .7rem .3rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #d9d9d9; }
thead th { border-bottom: 2px solid #555; vertical-align: bottom; white-space: normal; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
tbody th { font-weight: 600; white-space: nowrap; }
.figures { display: flex; flex-wrap: wrap; gap: .5rem 2rem; align-items: flex-start; }
figure { margin: .8rem 0; max-width: 100%; min-width: 15rem; }
figure img { display: block; width: 100%; height: auto; }
figcaption { color: #444; font-size: .88rem; margin-top: .3rem; }
code { font-size: .9em; overflow-wrap: anywhere; }
@media screen and (max-width: 40rem) {
  .summary thead { position: absolute; clip-path: inset(50%); }
  .summary tr, .summary th, .summary td { display: block; }
  .summary tr { border-bottom: 1px solid #b5b5b5; padding: .5rem 0; }
  .summary th, .summary td { border: 0; padding: 0; text-align: left; }
  .summary td:empty { display: none; }
  .summary td[data-label]::before { content: attr(data-label) ": "; color: #555; }
}
@media print {
  @page { margin: 1.5cm; }
  :root { font-size: 9.5pt; }
  body { max-width: none; padding: 0; }
  .scroll { overflow: visible; }
  table { font-size: .8rem; }
  figure img { max-height: 11cm; max-width: 100%; width: auto; }
  tr, figure { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .badge { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
</style>
</head>
<body>
<h1>$title</h1>
<p class="finding">$counts</p>
<ul>$legend</ul>
<h2>Contents</h2>
<ul>$contents</ul>
<h2>All rows</h2>
<div class="scroll">
<table class="summary">
<thead><tr><th scope="col">Row</th><th scope="col">What</th><th scope="col">Scale</th>
<th scope="col">Figure</th><th scope="col" class="number">Ours</th>
<th scope="col" class="number">Published</th><th scope="col">Status</th></tr></thead>
<tbody>
$summary
</tbody>
</table>
</div>
$sections
<h2>How the figures came about</h2>
<p>$how</p>
<p>Machine of the last command: $machine.</p>
<p>To repeat:</p>
<ul>$commands</ul>
</body>
</html>
""")
