import { delimiter, dirname } from 'node:path';
import type { Resource } from '@tulle/resources/kind';
import { isApiError } from '../../api/api-error.ts';
import type { ApiClient, KindAddress } from '../../api/client.ts';
import type { EnvValue } from '../workload-plan.ts';

const SECRET: KindAddress = {
  group: '',
  versions: ['v1'],
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
};
const CONFIG_MAP: KindAddress = {
  group: '',
  versions: ['v1'],
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

/** What npm, Node's own tools and we ourselves leave in an environment is none of an application's business. */
const DROPPED = /^(npm_|TULLE_|INIT_CWD$|NODE_COMPILE_CACHE$|NODE_CHANNEL_FD$)/;

/**
 * What an application inherits: the supervisor's environment without the traces of how that was started, and
 * with the Node that runs Tulle first in PATH (docs/architecture.md, What an app's process gets).
 */
export function inheritedEnv(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !DROPPED.test(name)) inherited[name] = value;
  }
  inherited.PATH = [dirname(process.execPath), inherited.PATH].filter(Boolean).join(delimiter);
  return inherited;
}

/**
 * A Workload's own variables, with what they take from Secrets and ConfigMaps.
 * @throws Error naming what is missing, unless it is optional
 */
export async function resolveEnv(
  client: ApiClient,
  namespace: string,
  env: Readonly<Record<string, EnvValue>>,
): Promise<Record<string, string>> {
  const resolved: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value.kind === 'literal') resolved[name] = value.value;
    else {
      const found = await lookUp(client, namespace, value);
      if (found !== undefined) resolved[name] = found;
      else if (!value.optional)
        throw new Error(
          `env ${name}: no ${value.kind} ${value.name} with key ${value.key} in namespace ${namespace}`,
        );
    }
  }
  return resolved;
}

async function lookUp(
  client: ApiClient,
  namespace: string,
  { kind, name, key }: Exclude<EnvValue, { kind: 'literal' }>,
): Promise<string | undefined> {
  let resource: Resource;
  try {
    resource = await client.get(kind === 'secret' ? SECRET : CONFIG_MAP, namespace, name);
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
  const plain = stringAt(kind === 'secret' ? resource.stringData : resource.data, key);
  if (plain !== undefined) return plain;
  const encoded = stringAt(kind === 'secret' ? resource.data : resource.binaryData, key);
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
}

function stringAt(map: unknown, key: string): string | undefined {
  if (typeof map !== 'object' || map === null || !Object.hasOwn(map, key)) return undefined;
  const value = (map as Record<string, unknown>)[key];
  return typeof value === 'string' ? value : undefined;
}
