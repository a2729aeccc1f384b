import { fromJson, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { messages, registry } from '@tulle/control-plane/compile/testing/registry';
import { ConfigStore } from '@tulle/data-plane/config/store';
import { filterReaders } from '@tulle/data-plane/config/translate/filters/filter-readers';
import type { Engine } from '@tulle/data-plane/engine';
import { portOf, startEngine } from '@tulle/data-plane/testing/engine';
import type { XdsType } from '@tulle/xds/resource';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cases } from './edge-headers/cases.ts';
import { type Certificates, edgeUri, makeCertificates } from './edge-headers/certificates.ts';
import { byName, cluster, listeners } from './edge-headers/configure.ts';
import { runCase, startUpstream, type Upstream } from './edge-headers/run.ts';

describe('the edge’s header hygiene', () => {
  let upstream: Upstream;
  let engine: Engine;
  let certificates: Certificates;

  beforeAll(async () => {
    upstream = await startUpstream();
    certificates = await makeCertificates();
    const store = new ConfigStore({ readers: filterReaders, onTables: () => {} });
    const take = (type: XdsType, resources: readonly (JsonObject & { readonly name: string })[]): void => {
      const rejections = store.apply({
        type,
        removed: [],
        resources: resources.map((json) => ({
          name: json.name,
          version: '1',
          bytes: toBinary(messages[type], fromJson(messages[type], json, { registry })),
        })),
      });
      expect(rejections).toEqual([]);
    };
    take('cluster', [cluster(upstream.port)]);
    const { edge, roots } = certificates;
    take('secret', [{ name: 'ROOTCA', validationContext: { trustedCa: { inlineString: roots } } }]);
    take('listener', listeners(cases, 1, byName));
    const onFreePorts = [...store.tables.listeners].map(([name, it]) => [name, { ...it, port: 0 }] as const);
    engine = await startEngine({ ...store.tables, listeners: new Map(onFreePorts) }, { uri: edgeUri });
    engine.setIdentity({ ...edge, rootsPem: roots });
  });

  afterAll(async () => {
    engine.destroy();
    await upstream.close();
  });

  test.each(cases.map((row, index) => [row.name, row, index] as const))('%s', async (_, row, index) => {
    await runCase(row, row, portOf(engine, String(index)), upstream, certificates);
  });
});
