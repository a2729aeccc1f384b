import { notFound, serve } from '../app.ts';

const title = process.env.TITLE ?? 'Colors';

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light; --ink: #1d2330; --quiet: #687386; --line: #e4e8ef; }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: #f7f8fb; }
main { max-width: 58rem; margin: 0 auto; padding: 2.5rem 1.5rem; }
h1 { font-size: 1.7rem; margin: 0 0 .2rem; } p { margin: 0 0 1.5rem; color: var(--quiet); }
.counts { display: flex; gap: 1rem; flex-wrap: wrap; margin-bottom: 1.5rem; }
.count { background: #fff; border: 1px solid var(--line); border-left: 6px solid var(--dot); border-radius: 8px; padding: .6rem 1.1rem; min-width: 8.5rem; }
.count b { display: block; font-size: 1.6rem; font-variant-numeric: tabular-nums; }
.count span { color: var(--quiet); font-size: .9rem; }
.dots { display: grid; grid-template-columns: repeat(auto-fill, minmax(1.1rem, 1fr)); gap: .3rem; background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: .8rem; min-height: 18rem; align-content: start; }
.dot { aspect-ratio: 1; border-radius: 50%; background: var(--dot); }
.dot.failed { border-radius: 3px; }
</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>Each dot is one answer from <code>/api/color</code>, the newest first; a square is a failure.</p>
<div class="counts" id="counts"></div>
<div class="dots" id="dots" aria-label="answers"></div>
</main>
<script>
const shades = { blue: '#2f6fed', green: '#1f9d61', failed: '#d92d20' };
const counts = {};
const dots = document.getElementById('dots');
function show(color) {
  counts[color] = (counts[color] ?? 0) + 1;
  const dot = document.createElement('div');
  dot.className = 'dot ' + color;
  dot.style.setProperty('--dot', shades[color] ?? color);
  dots.prepend(dot);
  while (dots.children.length > 400) dots.lastChild.remove();
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  document.getElementById('counts').replaceChildren(...Object.entries(counts).sort().map(([name, count]) => {
    const box = document.createElement('div');
    box.className = 'count';
    box.style.setProperty('--dot', shades[name] ?? name);
    const number = document.createElement('b');
    number.textContent = count;
    const label = document.createElement('span');
    label.textContent = name + ' · ' + (100 * count / total).toFixed(1) + ' %';
    box.append(number, label);
    return box;
  }));
}
async function ask() {
  try {
    const answer = await fetch('/api/color', { cache: 'no-store' });
    show(answer.ok ? (await answer.json()).color : 'failed');
  } catch {
    show('failed');
  }
  setTimeout(ask, 100);
}
ask();
</script>
</body>
</html>
`;

serve('page', (_request, response, url) => {
  if (url.pathname !== '/') return notFound(response);
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(html),
  });
  response.end(html);
});
