import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyJsonPatch } from './json.ts';
import { applyMergePatch } from './merge.ts';
import { PatchError } from './patch-error.ts';
import { applyStrategicPatch } from './strategic.ts';

const key = fc.constantFrom('a', 'b', 'c/d', 'e~f', '');
const { document } = fc.letrec<{ document: unknown; object: Record<string, unknown>; list: unknown[] }>(
  (tie) => ({
    document: fc.oneof({ maxDepth: 3 }, fc.integer(), fc.string(), fc.boolean(), tie('object'), tie('list')),
    object: fc.dictionary(key, tie('document'), { maxKeys: 3 }),
    list: fc.array(tie('document'), { maxLength: 3 }),
  }),
);
const object = fc.dictionary(key, document, { maxKeys: 4 });
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Nothing but the argument's own types and prototype. */
const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null)
    for (const child of Object.values(Object.freeze(value))) frozen(child);
  return value;
};

/** The merge patch that makes `to` of `from`. */
function mergeDiff(from: unknown, to: unknown): unknown {
  if (!isObject(from) || !isObject(to)) return to;
  const removed = Object.keys(from)
    .filter((name) => !Object.hasOwn(to, name))
    .map((name) => [name, null]);
  const changed = Object.entries(to).map(([name, value]) => [
    name,
    mergeDiff(Object.hasOwn(from, name) ? from[name] : undefined, value),
  ]);
  return Object.fromEntries([...removed, ...changed]);
}

/** A JSON patch that makes `to` of `from`, member by member. */
function jsonDiff(from: unknown, to: unknown, path = ''): object[] {
  if (!isObject(from) || !isObject(to)) return [{ op: 'replace', path, value: to }];
  const at = (name: string): string => `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const removed = Object.keys(from)
    .filter((name) => !Object.hasOwn(to, name))
    .map((name) => ({ op: 'remove', path: at(name) }));
  const changed = Object.entries(to).flatMap(([name, value]) =>
    Object.hasOwn(from, name)
      ? jsonDiff(from[name], value, at(name))
      : [{ op: 'add', path: at(name), value }],
  );
  return [...removed, ...changed];
}

describe('merge patch', () => {
  test.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [['a'], ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('RFC 7386, appendix A: %j with %j is %j', (target, patch, result) => {
    expect(applyMergePatch(target, patch)).toEqual(result);
  });

  test('a difference applied gives the other; applied again, the same; arguments stay', () => {
    fc.assert(
      fc.property(object, object, (from, to) => {
        const patch = frozen(mergeDiff(from, to));
        const once = applyMergePatch(frozen(from), patch);
        expect(once).toEqual(to);
        expect(applyMergePatch(frozen(once), patch)).toEqual(to);
      }),
    );
  });
});

describe('JSON patch', () => {
  test.each([
    [{ foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' }],
    [{ foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
    [{ foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
    [{ foo: ['a', 'b', 'c'] }, [{ op: 'move', from: '/foo/0', path: '/foo/2' }], { foo: ['b', 'c', 'a'] }],
    [{ foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['abc'] }], { foo: ['bar', ['abc']] }],
    [{ foo: { a: 1 } }, [{ op: 'copy', from: '/foo', path: '/bar' }], { foo: { a: 1 }, bar: { a: 1 } }],
    [{ '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
    [{ a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
    [{ a: null }, [{ op: 'test', path: '/a', value: null }], { a: null }],
  ])('%j with %j is %j', (target, patch, result) => {
    expect(applyJsonPatch(target, patch)).toEqual(result);
  });

  test.each([
    ['failed', { foo: 'bar' }, [{ op: 'test', path: '/foo', value: 'baz' }]],
    ['failed', { foo: 'bar' }, [{ op: 'add', path: '/baz/bat', value: 1 }]],
    ['failed', { foo: [1] }, [{ op: 'add', path: '/foo/2', value: 1 }]],
    ['failed', { foo: [1] }, [{ op: 'remove', path: '/foo/1' }]],
    ['failed', { foo: [1] }, [{ op: 'replace', path: '/foo/-', value: 1 }]],
    ['failed', { foo: [1] }, [{ op: 'add', path: '/foo/01', value: 1 }]],
    ['failed', {}, [{ op: 'replace', path: '/foo', value: 1 }]],
    ['failed', {}, [{ op: 'add', path: '/constructor/prototype/x', value: 1 }]],
    ['failed', { a: { b: 1 } }, [{ op: 'move', from: '/a', path: '/a/b' }]],
    ['malformed', {}, [{ op: 'add', path: '/__proto__/x', value: 1 }]],
    ['malformed', {}, [{ op: 'add', path: 'a', value: 1 }]],
    ['malformed', {}, [{ op: 'add', path: '/a' }]],
    ['malformed', {}, [{ op: 'spam', path: '/a' }]],
    ['malformed', {}, { op: 'add', path: '/a', value: 1 }],
    ['malformed', {}, [null]],
  ])('%s: %j with %j', (code, target, patch) => {
    expect(() => applyJsonPatch(frozen(target), patch)).toThrow(
      expect.objectContaining({ name: 'PatchError', code }),
    );
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test('a difference applied gives the other; arguments stay', () => {
    fc.assert(
      fc.property(object, object, (from, to) => {
        expect(applyJsonPatch(frozen(from), frozen(jsonDiff(from, to)))).toEqual(to);
      }),
    );
  });

  test('any operations either apply or fail as PatchError, and leave the document', () => {
    const path = fc
      .array(fc.oneof(key, fc.constantFrom('0', '1', '-', '__proto__')), { maxLength: 3 })
      .map((steps) => steps.map((step) => `/${step}`).join(''));
    const op = fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test');
    const operation = fc.record({ op, path, from: path, value: document });
    fc.assert(
      fc.property(object, fc.array(operation, { maxLength: 4 }), (target, patch) => {
        const before = structuredClone(target);
        try {
          applyJsonPatch(target, patch);
        } catch (error) {
          expect(error).toBeInstanceOf(PatchError);
        }
        expect(target).toEqual(before);
      }),
    );
  });
});

describe('strategic merge patch', () => {
  const service = frozen({
    metadata: { name: 'x', finalizers: ['a', 'b'], labels: { app: 'x' } },
    spec: {
      ports: [
        { port: 80, name: 'http' },
        { port: 443, name: 'https' },
      ],
      externalIPs: ['1.1.1.1'],
      selector: { app: 'x' },
    },
  });
  const apply = (patch: object) => applyStrategicPatch(service, frozen(patch), 'Service') as typeof service;

  test('lists with a merge key merge element by element', () => {
    const { spec } = apply({
      spec: {
        ports: [
          { port: 443, targetPort: 8443 },
          { port: 9090, name: 'more' },
        ],
      },
    });
    expect(spec.ports).toEqual([
      { port: 80, name: 'http' },
      { port: 443, name: 'https', targetPort: 8443 },
      { port: 9090, name: 'more' },
    ]);
  });

  test('elements are deleted, lists and objects replaced, by directive', () => {
    expect(apply({ spec: { ports: [{ port: 80, $patch: 'delete' }] } }).spec.ports).toEqual([
      { port: 443, name: 'https' },
    ]);
    expect(apply({ spec: { ports: [{ $patch: 'replace' }, { port: 1 }] } }).spec.ports).toEqual([
      { port: 1 },
    ]);
    expect(apply({ spec: { selector: { $patch: 'replace', role: 'y' } } }).spec.selector).toEqual({
      role: 'y',
    });
    expect(apply({ spec: { selector: { $patch: 'delete' } } }).spec).not.toHaveProperty('selector');
    expect(apply({ spec: { $retainKeys: ['ports', 'type'], type: 'ClusterIP' } }).spec).toEqual({
      ports: service.spec.ports,
      type: 'ClusterIP',
    });
  });

  test('other lists are replaced, sets united, nulls removed', () => {
    expect(apply({ spec: { externalIPs: ['2.2.2.2'] } }).spec.externalIPs).toEqual(['2.2.2.2']);
    expect(apply({ metadata: { finalizers: ['b', 'c'] } }).metadata.finalizers).toEqual(['a', 'b', 'c']);
    expect(apply({ metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } }).metadata.finalizers).toEqual(
      ['b'],
    );
    expect(apply({ metadata: { labels: { app: null, tier: 'web' } } }).metadata.labels).toEqual({
      tier: 'web',
    });
  });

  test('$setElementOrder puts elements in order, as kubectl apply sends it', () => {
    const order = (ports: number[], changes: object[]) =>
      apply({
        spec: { '$setElementOrder/ports': ports.map((port) => ({ port })), ports: changes },
      }).spec.ports.map(({ port }) => port);
    expect(order([443, 80], [{ port: 80, name: 'web' }])).toEqual([443, 80]);
    expect(order([9090, 80, 443], [{ port: 9090 }])).toEqual([9090, 80, 443]);
    expect(order([443], [{ port: 80, $patch: 'delete' }])).toEqual([443]);
    expect(order([443, 9090], [{ port: 9090 }])).toEqual([80, 443, 9090]);
  });

  test.each([
    [{ spec: { ports: [{ name: 'no key' }] } }],
    [{ spec: { $patch: 'destroy' } }],
    [{ spec: { '$setElementOrder/ports': 1 } }],
    [{ spec: { $retainKeys: 1 } }],
  ])('%j is malformed', (patch) => {
    expect(() => apply(patch)).toThrow(PatchError);
  });

  test('without directives and keyed lists it is a merge patch', () => {
    fc.assert(
      fc.property(object, object, (target, patch) => {
        const strategic = applyStrategicPatch(frozen(target), frozen(patch), 'ConfigMap');
        expect(strategic).toEqual(applyMergePatch(target, patch));
      }),
    );
  });

  test('applying twice is applying once', () => {
    const port = fc.record({ port: fc.integer({ min: 1, max: 5 }), name: fc.constantFrom('a', 'b') });
    const ports = fc.uniqueArray(port, { selector: (one) => one.port, maxLength: 5 });
    fc.assert(
      fc.property(ports, ports, (present, changes) => {
        const patch = { spec: { ports: changes } };
        const once = applyStrategicPatch({ spec: { ports: present } }, patch, 'Service') as Record<
          string,
          unknown
        >;
        expect(applyStrategicPatch(once, patch, 'Service')).toEqual(once);
      }),
    );
  });
});
