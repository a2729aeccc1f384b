/** A program for sqlite.test.ts: writes without end and prints how many writes were answered. */
import { openSqliteStore } from './sqlite.ts';

const store = openSqliteStore(process.argv[2] ?? '');
for (let i = 0; ; i++) {
  const name = `c${i}`;
  const resource = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'a' } };
  await store.create({ group: '', plural: 'configmaps', namespace: 'a', name }, resource);
  process.stdout.write(`${i + 1}\n`);
}
