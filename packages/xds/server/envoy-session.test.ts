import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { XdsType } from '../resource.ts';
import type { NackDetail } from './request.ts';
import { request, resource, snapshotOf } from './session.fixture.ts';
import { Session } from './session.ts';

/**
 * What a real Envoy 1.40 and our server said to each other, recorded by tests/peers/xds-envoy.test.ts
 * (UPDATE_GOLDEN=1): its requests and the snapshots of that run, played again, must bring the same responses.
 */
type Entry =
  | {
      readonly kind: 'snapshot';
      readonly resources: Record<XdsType, { name: string; version: string; bytes: string }[]>;
    }
  | {
      readonly kind: 'request';
      readonly type: XdsType;
      readonly nonce: string;
      readonly error?: NackDetail;
      readonly subscribe: string[];
      readonly unsubscribe: string[];
      readonly initialVersions: Record<string, string>;
    }
  | {
      readonly kind: 'response';
      readonly nonce: string;
      readonly resources: string[];
      readonly removed: string[];
    };

const streams = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testdata', 'envoy-session.json'), 'utf8'),
) as Entry[][];

test.each(streams.map((entries, i) => [i === 0 ? 'first' : 'resumed', entries] as const))(
  'the %s stream of an Envoy',
  (_, entries) => {
    const session = new Session();
    const said: Omit<Extract<Entry, { kind: 'response' }>, 'kind'>[] = [];
    const take = (): void => {
      for (let next = session.next(0); next !== undefined; next = session.next(0)) {
        said.push({
          nonce: next.nonce,
          resources: next.resources.map(({ name, version }) => `${name}@${version}`),
          removed: [...next.removed],
        });
      }
    };
    for (const entry of entries) {
      if (entry.kind === 'response') {
        const { kind: _kind, ...expected } = entry;
        expect(said.shift()).toEqual(expected);
        continue;
      }
      if (entry.kind === 'snapshot') {
        const parts = Object.entries(entry.resources).map(([type, list]) => [
          type,
          list.map(({ name, version, bytes }) => resource(name, version, Buffer.from(bytes, 'base64'))),
        ]);
        session.setSnapshot(snapshotOf(Object.fromEntries(parts)));
      } else {
        const { kind: _kind, type, initialVersions, ...parts } = entry;
        session.request(
          request(type, { ...parts, initialVersions: new Map(Object.entries(initialVersions)) }),
          0,
        );
      }
      take();
    }
    expect(said).toEqual([]);
  },
);
