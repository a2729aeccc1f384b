import { z } from 'zod';
import { error, type Finding } from '../finding.ts';
import type { ResourceKind } from '../kind.ts';
import { mapOf } from '../schema/message.ts';
import { resourceSchema } from '../schema/resource.ts';
import { isBase64, isDataKey } from './parts.ts';

const identity = { group: '', kind: 'Secret', versions: ['v1'] } as const;

const schema = resourceSchema(
  identity,
  {},
  {
    type: z.string().describe('What is in it: Opaque by default; kubernetes.io/tls has tls.crt and tls.key.'),
    data: mapOf(z.string()).describe('Names and values, values in base64.'),
    stringData: mapOf(z.string()).describe('As `data`, but plain text; only written, never read back.'),
    immutable: z.boolean().describe('Data may not be changed any more.'),
  },
);

export type Secret = z.infer<typeof schema>;

function check(secret: Secret): Finding[] {
  const found: Finding[] = [];
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    if (!isDataKey(key)) found.push(badKey(['data', key]));
    // The value is secret: it is never shown.
    else if (!isBase64(value))
      found.push(error('bad-base64', ['data', key], 'must be base64 (use stringData for plain text)'));
  }
  for (const key of Object.keys(secret.stringData ?? {}))
    if (!isDataKey(key)) found.push(badKey(['stringData', key]));
  if (secret.type === 'kubernetes.io/tls') {
    for (const key of ['tls.crt', 'tls.key']) {
      if (secret.data?.[key] === undefined && secret.stringData?.[key] === undefined) {
        found.push(
          error('required', ['data', key], 'is required for type kubernetes.io/tls (base64 of PEM)'),
        );
      }
    }
  }
  return found;
}

const badKey = (path: string[]): Finding => ({
  ...error('bad-name', path, 'must be a name of letters, digits, "-", "_" and "."'),
  atKey: true,
});

export const secret = {
  ...identity,
  plural: 'secrets',
  singular: 'secret',
  shortNames: [],
  namespaced: true,
  description: 'Certificates, keys and passwords; shown only to who may read secrets.',
  nullIsAbsent: true,
  schema,
  columns: [
    { name: 'Type', type: 'string', path: 'type' },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
  ],
  check,
} satisfies ResourceKind<Secret>;
