import type { z } from 'zod';
import { type Finding, type Within, warning } from '../../finding.ts';
import { findings } from '../../issue.ts';
import type { ObjectMeta } from '../../kind.ts';
import { warnInert } from '../../not-enforced.ts';
import type { FieldPath } from '../../path.ts';
import { plainCopy } from '../../plain.ts';
import { readDocuments, type TextDocument } from '../../text/documents.ts';
import { defaultLimits } from '../../text/limits.ts';
import { checkMeshConfig } from './check.ts';
import { type MeshConfig, meshConfig } from './fields.ts';
import { checkMeshNetworks, type MeshNetworks, meshNetworks, meshNetworksInert } from './mesh-networks.ts';
import { meshConfigInert, meshConfigNotEnforced } from './not-enforced.ts';

interface Written {
  readonly metadata: ObjectMeta;
  readonly data?: Readonly<Record<string, string>>;
}

/** Namespaces whose ConfigMap `istio` is the mesh's; the first that has one counts. */
export const meshConfigNamespaces = ['tulle-system', 'istio-system'] as const;

/** Whether a ConfigMap is Istio's form of the mesh's settings: named `istio`, with the keys `mesh` or `meshNetworks`. */
export const holdsMeshConfig = ({ metadata, data }: Written): boolean =>
  metadata.name === 'istio' && (data?.mesh !== undefined || data?.meshNetworks !== undefined);

/** What a ConfigMap says of the mesh. */
export interface MeshSettingsWritten extends MeshConfig {
  readonly meshNetworks?: MeshNetworks;
}

/** The settings of a ConfigMap, and all that is wrong with them, by its place in the text. */
export function readMeshConfig(map: Written): {
  /** Undefined when there are errors. */
  readonly config: MeshSettingsWritten | undefined;
  readonly findings: readonly Finding[];
} {
  const { namespace } = map.metadata;
  const mesh = readKey(map, 'mesh', meshConfig, (config) => [
    ...checkMeshConfig(config, []),
    // The authority is made before any resource is read, by the mesh file's Mesh.
    ...(config.trustDomain === undefined
      ? []
      : [{ ...warning('no-effect', ['trustDomain'], 'is said by the Mesh alone'), atKey: true }]),
    ...warnInert(config, { notEnforced: meshConfigNotEnforced, inert: meshConfigInert }),
  ]);
  const networks = readKey(map, 'meshNetworks', meshNetworks, (value) => [
    ...checkMeshNetworks(value, []),
    ...warnInert(value, { inert: meshNetworksInert }),
  ]);
  const found = [...mesh.findings, ...networks.findings];
  if (namespace !== undefined && !(meshConfigNamespaces as readonly string[]).includes(namespace))
    found.push(
      warning(
        'no-effect',
        ['metadata', 'namespace'],
        `the mesh’s settings are read from ${meshConfigNamespaces.join(' and ')}, not from ${namespace}`,
      ),
    );
  if (found.some(({ severity }) => severity === 'error')) return { config: undefined, findings: found };
  const meshNetworksWritten =
    map.data?.meshNetworks === undefined ? {} : { meshNetworks: networks.value ?? {} };
  return { config: { ...mesh.value, ...meshNetworksWritten }, findings: found };
}

/** YAML within YAML: the text of one key. The value holds only when nothing found is an error. */
function readKey<S extends z.ZodType>(
  { data }: Written,
  key: string,
  schema: S,
  check: (value: z.output<S>) => readonly Finding[],
): { readonly value: z.output<S> | undefined; readonly findings: readonly Finding[] } {
  const field = ['data', key];
  const [document, ...others] = readDocuments(data?.[key] ?? '', defaultLimits);
  if (document === undefined) return { value: undefined, findings: [] };
  const found: Finding[] = document.refusals.map(({ code, path, message, place }) => ({
    severity: 'error',
    code,
    path: [...field, ...path],
    message,
    within: { field, ...place },
  }));
  for (const { place } of others) {
    const within = { field, ...place };
    found.push({ severity: 'error', code: 'too-many', path: field, message: 'must be one document', within });
  }
  if (found.length > 0) return { value: undefined, findings: found };

  const own: Finding[] = [];
  const value = plainCopy(document.value, () => true, own);
  if (own.length === 0) {
    const { error } = schema.safeParse(value);
    for (const issue of error?.issues ?? []) own.push(...findings(issue, schema, value));
  }
  if (own.length === 0) own.push(...check(value as z.output<S>));
  return { value: value as z.output<S>, findings: own.map((finding) => inField(finding, field, document)) };
}

function inField(finding: Finding, field: readonly string[], document: TextDocument): Finding {
  const { path, atKey } = finding;
  const within: Within = { field, ...document.locate(path as FieldPath, atKey) };
  return { ...finding, path: [...field, ...path], within };
}
