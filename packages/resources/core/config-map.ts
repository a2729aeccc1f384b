import { z } from 'zod';
import { error, type Finding } from '../finding.ts';
import { holdsMeshConfig, readMeshConfig } from '../istio/mesh-config/config-map.ts';
import type { ResourceKind } from '../kind.ts';
import { mapOf } from '../schema/message.ts';
import { resourceSchema } from '../schema/resource.ts';
import { isBase64, isDataKey } from './parts.ts';

const identity = { group: '', kind: 'ConfigMap', versions: ['v1'] } as const;

const schema = resourceSchema(
  identity,
  {},
  {
    data: mapOf(z.string()).describe('Names and texts.'),
    binaryData: mapOf(z.string()).describe('Names and bytes in base64.'),
    immutable: z.boolean().describe('Data may not be changed any more.'),
  },
);

export type ConfigMap = z.infer<typeof schema>;

function check(map: ConfigMap): Finding[] {
  const found: Finding[] = [];
  for (const field of ['data', 'binaryData'] as const) {
    for (const [key, value] of Object.entries(map[field] ?? {})) {
      if (!isDataKey(key))
        found.push({
          ...error('bad-name', [field, key], 'must be a name of letters, digits, "-", "_" and "."'),
          atKey: true,
        });
      else if (field === 'binaryData' && !isBase64(value))
        found.push(error('bad-base64', [field, key], 'must be base64 (use data for plain text)'));
      else if (field === 'binaryData' && map.data?.[key] !== undefined) {
        found.push({
          ...error('duplicate', [field, key], 'is in data too; a key may stand in one of both'),
          atKey: true,
        });
      }
    }
  }
  if (holdsMeshConfig(map)) found.push(...readMeshConfig(map).findings);
  return found;
}

export const configMap = {
  ...identity,
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  namespaced: true,
  description: 'Settings that workloads read from their environment.',
  nullIsAbsent: true,
  schema,
  columns: [{ name: 'Age', type: 'date', path: 'metadata.creationTimestamp' }],
  check,
} satisfies ResourceKind<ConfigMap>;
