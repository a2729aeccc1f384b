/** `npm run bench`: our data plane beside Envoy, HAProxy and nginx. See README.md. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure } from './measure/rounds.ts';
import { readOptions, usage } from './options.ts';
import { startBackend } from './peers/backend.ts';
import { makeCertificates } from './peers/certificates.ts';
import { envoy } from './peers/envoy.ts';
import { haproxy } from './peers/haproxy.ts';
import { nginx } from './peers/nginx.ts';
import { tulle } from './peers/tulle.ts';
import { markdown } from './report/markdown.ts';
import { detailsOf, figuresOf, machineText, type Results, ratioOf } from './report/results.ts';
import { scenarios as allScenarios, notYet } from './scenarios/index.ts';
import { enterNamespace } from './system/namespace.ts';

const [command, ...rest] = process.argv.slice(2);
if (command === 'routes') {
  const { benchRoutes } = await import('./routes/routes.ts');
  benchRoutes((line) => void process.stdout.write(`${line}\n`));
  process.exit(0);
}
if (command === 'filters') {
  const { benchFilters } = await import('./filters/filters.ts');
  benchFilters((line) => void process.stdout.write(`${line}\n`));
  process.exit(0);
}
enterNamespace();
if (command === 'control-plane') {
  const { benchControlPlane } = await import('./control-plane/run.ts');
  await benchControlPlane(rest);
  process.exit(0);
}
if (command === 'sidecar-memory') {
  const { benchSidecarMemory } = await import('./sidecar-memory/run.ts');
  await benchSidecarMemory(rest);
  process.exit(0);
}
const options = readOptions(process.argv.slice(2));
if (options === 'help') {
  process.stdout.write(usage);
  process.exit(0);
}
const scenarios = allScenarios.filter(
  ({ name }) => options.scenarios.length === 0 || options.scenarios.includes(name),
);
const peers = [tulle, envoy, haproxy, nginx];
const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

const folder = mkdtempSync(join(tmpdir(), 'tulle-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const certificates = await makeCertificates(folder);
const backend = await startBackend(folder);
const bench = { folder, backend, certificates, peers };
const results: Results = {
  scenarios: {},
  ratios: {},
  details: {},
  notYet,
  machine: machineText(),
  versions: Object.fromEntries(peers.map((peer) => [peer.name, peer.version()])),
  work: Object.fromEntries(peers.map((peer) => [peer.name, peer.work])),
};

for (const scenario of scenarios) {
  note(`${scenario.name} …`);
  const subjects = await scenario.setUp(bench);
  try {
    const rounds = await measure(bench, scenario, subjects, options, note);
    const figures = Object.fromEntries(rounds.map((each) => [each.peer, figuresOf(each)]));
    results.scenarios[scenario.name] = figures;
    results.details[scenario.name] = Object.fromEntries(
      rounds.map((each) => [each.peer, detailsOf(scenario, each)]),
    );
    results.ratios[scenario.name] = {
      envoy: ratioOf(scenario, figures.tulle, figures.envoy),
      haproxy: ratioOf(scenario, figures.tulle, figures.haproxy),
    };
  } finally {
    await Promise.all(subjects.map((subject) => subject.stop()));
  }
}
await backend.program.stop();

const out = join(import.meta.dirname, 'results');
mkdirSync(out, { recursive: true });
const tables = markdown(results, scenarios);
writeFileSync(join(out, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`);
writeFileSync(join(out, 'latest.md'), tables);
process.stdout.write(tables);
