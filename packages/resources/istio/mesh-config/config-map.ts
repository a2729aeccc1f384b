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
import { meshConfigInert, meshConfigNotEnforced } from './not-enforced.ts';

interface Written {
  readonly metadata: ObjectMeta;
  readonly data?: Readonly<Record<string, string>>;
}

/** Namespaces whose ConfigMap `istio` is the mesh's; the first that has one counts. */
export const meshConfigNamespaces = ['tulle-system', 'istio-system'] as const;

/** Whether a ConfigMap is Istio's form of the mesh's settings: named `istio`, with the key `mesh`. */
export const holdsMeshConfig = ({ metadata, data }: Written): boolean =>
  metadata.name === 'istio' && data?.mesh !== undefined;

const field = ['data', 'mesh'] as const;

/** The MeshConfig of a ConfigMap, and all that is wrong with it, by its place in the text. */
export function readMeshConfig({ metadata, data }: Written): {
  /** Undefined when there are errors. */
  readonly config: MeshConfig | undefined;
  readonly findings: readonly Finding[];
} {
  const { namespace } = metadata;
  const [document, ...others] = readDocuments(data?.mesh ?? '', defaultLimits);
  if (document === undefined) return { config: {}, findings: [] };
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
  if (found.length > 0) return { config: undefined, findings: found };

  const own: Finding[] = [];
  const value = plainCopy(document.value, () => true, own);
  if (own.length === 0) {
    const { error } = meshConfig.safeParse(value);
    for (const issue of error?.issues ?? []) own.push(...findings(issue, meshConfig, value));
  }
  if (own.length === 0) {
    const config = value as MeshConfig;
    own.push(...checkMeshConfig(config, []));
    // The authority is made before any resource is read, by the mesh file's Mesh.
    if (config.trustDomain !== undefined)
      own.push({ ...warning('no-effect', ['trustDomain'], 'is said by the Mesh alone'), atKey: true });
    own.push(...warnInert(config, { notEnforced: meshConfigNotEnforced, inert: meshConfigInert }));
  }
  found.push(...own.map((finding) => inField(finding, document)));
  if (namespace !== undefined && !(meshConfigNamespaces as readonly string[]).includes(namespace))
    found.push(
      warning(
        'no-effect',
        ['metadata', 'namespace'],
        `the mesh’s settings are read from ${meshConfigNamespaces.join(' and ')}, not from ${namespace}`,
      ),
    );
  const failed = found.some(({ severity }) => severity === 'error');
  return { config: failed ? undefined : (value as MeshConfig), findings: found };
}

function inField(finding: Finding, document: TextDocument): Finding {
  const { path, atKey } = finding;
  const within: Within = { field, ...document.locate(path as FieldPath, atKey) };
  return { ...finding, path: [...field, ...path], within };
}
