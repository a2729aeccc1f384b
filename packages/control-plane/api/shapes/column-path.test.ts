import { service } from '@tulle/resources/core/service';
import { expect, test } from 'vitest';
import { scanJson } from '../json-scan.ts';
import { matchesFields, parseFieldSelector } from '../selection/field-selector.ts';
import { valuesAt } from './column-path.ts';

const root = {
  metadata: { name: 'x', labels: { 'a.b/c': 'd' } },
  spec: { ports: [{ port: 80 }, { port: 81 }] },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Applied', status: 'False' },
    ],
  },
};

test.each([
  ['metadata.name', ['x']],
  ['.metadata.name', ['x']],
  ["metadata.labels['a.b/c']", ['d']],
  ['metadata.labels.a\\.b/c', ['d']],
  ['spec.ports[*].port', [80, 81]],
  ['spec.ports[1].port', [81]],
  ['status.conditions[?(@.type=="Applied")].status', ['False']],
  ["status.conditions[?(@.type == 'Ready')].status", ['True']],
  ['status.none.deeper', []],
  ['constructor.name', []],
])('%s is %j', (path, values) => {
  expect(valuesAt(path, root)).toEqual(values);
});

test('field selectors compare, escape, and know the fields of the kind', () => {
  const reviews = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'a,b=c', namespace: 'n' },
    spec: { type: 'ClusterIP' },
  };
  const matches = (text: string) => matchesFields(parseFieldSelector(text, service), reviews);
  expect(matches('metadata.name=a\\,b\\=c')).toBe(true);
  expect(matches('metadata.namespace==n,spec.type!=NodePort')).toBe(true);
  expect(matches('spec.clusterIP=')).toBe(true);
  expect(matches('metadata.name!=a\\,b\\=c')).toBe(false);
  expect(() => parseFieldSelector('spec.ports=1', service)).toThrow('field label not supported: spec.ports');
  expect(() => parseFieldSelector('nonsense', service)).toThrow('invalid field selector');
});

test('a scan finds depth, names and repeated fields, whatever strings hold', () => {
  const text = '{"a":{"b":"{\\"a\\":1,","b":[1,{"c":"]","c":2}]},"\\u0061":3,"d":",\\\\"}';
  JSON.parse(text);
  const { depth, duplicateFields, fields } = scanJson(text);
  expect(depth).toBe(4);
  expect(duplicateFields).toEqual(['a.b', 'a.b[1].c', 'a']);
  expect([...fields]).toEqual(['a', 'b', 'c', 'd']);
});
