/** Our data plane from hand-made tables, one hop of a plan: `tulle-program.ts PLAN.json`. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { getHeapStatistics } from 'node:v8';
import { Engine } from '@tulle/data-plane/engine';
import { giveBackWhenResting } from '@tulle/data-plane/give-back';
import { createObservation } from '@tulle/data-plane/observation';
import { metadata } from '@tulle/data-plane/testing/engine';
import { TimerWheel } from '@tulle/data-plane/timers/wheel';
import type { HopPlan } from './peer.ts';
import { hopTables } from './tulle-tables.ts';

const plan = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as HopPlan;
const { certificates } = plan;
const node = {
  id: 'sidecar~127.0.0.1~bench-0.default~default.svc.cluster.local',
  cluster: 'bench.default',
  metadata,
};
const wheel = new TimerWheel();
const { stdout, stderr } = process;
const { observers } = createObservation({
  node,
  uri: certificates.uri,
  wheel,
  stdout,
  stderr,
  tables: () => engine.tables,
});
const engine: Engine = new Engine({
  node,
  trustDomain: 'cluster.local',
  role: 'sidecar',
  uri: certificates.uri,
  wheel,
  observe: observers,
});
engine.setIdentity({
  keyPem: readFileSync(certificates.key, 'utf8'),
  chainPem: readFileSync(certificates.chain, 'utf8'),
  rootsPem: readFileSync(certificates.root, 'utf8'),
});
const failures = await engine.apply(hopTables(plan));
if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join('; '));
giveBackWhenResting();

// Each line asks how many bytes were allocated so far.
createInterface(process.stdin).on('line', () => {
  stdout.write(`${(getHeapStatistics() as { total_allocated_bytes?: number }).total_allocated_bytes ?? 0}\n`);
});
process.once('SIGTERM', () => process.exit(0));
