import { error, type Finding } from '../../finding.ts';
import type { FieldPath } from '../../path.ts';
import { isHostName } from '../../schema/host.ts';
import { checkLocalities } from '../destination-rule/check-localities.ts';
import { cipherSuites, ecdhCurves } from '../tls-names.ts';
import { checkExportTo } from '../visibility.ts';
import type { MeshConfig } from './fields.ts';

/** What Istio refuses in a MeshConfig beyond the types of its fields (pkg/config/validation). */
export function checkMeshConfig(config: MeshConfig, path: FieldPath): Finding[] {
  const { trustDomain, trustDomainAliases = [] } = config;
  return [
    ...(trustDomain === undefined ? [] : checkTrustDomain(trustDomain, [...path, 'trustDomain'])),
    ...trustDomainAliases.flatMap((alias, index) =>
      checkTrustDomain(alias, [...path, 'trustDomainAliases', index]),
    ),
    ...checkAccessLog(config, path),
    ...checkProviders(config, path),
    ...checkTls(config, path),
    ...checkLocalities(config, path),
    ...(
      ['defaultServiceExportTo', 'defaultVirtualServiceExportTo', 'defaultDestinationRuleExportTo'] as const
    ).flatMap((field) => checkExportTo(config[field], [...path, field], ['~'])),
    ...(config.discoverySelectors ?? []).flatMap(({ matchExpressions = [] }, index) =>
      matchExpressions.flatMap(({ operator, values = [] }, at) => {
        const place = [...path, 'discoverySelectors', index, 'matchExpressions', at, 'values'];
        const wants = operator === 'In' || operator === 'NotIn';
        if (wants === values.length > 0) return [];
        return [
          error(
            wants ? 'required' : 'conflict',
            place,
            wants ? `is required with ${operator} (list)` : `has no meaning with ${operator}`,
          ),
        ];
      }),
    ),
  ];
}

/** SPIFFE ID, section 2.1: lower-case letters, digits, ".", "-", "_"; at most 255 bytes. */
function checkTrustDomain(name: string, path: FieldPath): Finding[] {
  if (/^[a-z0-9._-]{1,255}$/.test(name) && isHostName(name, false)) return [];
  return [
    error('bad-name', path, `must be a trust domain such as "example.org", not ${JSON.stringify(name)}`),
  ];
}

/** A name that an engine does not know would have it refuse all configuration. */
function checkTls(config: MeshConfig, path: FieldPath): Finding[] {
  const known = { cipherSuites, ecdhCurves };
  return (['meshMTLS', 'tlsDefaults'] as const).flatMap((of) =>
    (['cipherSuites', 'ecdhCurves'] as const).flatMap((list) =>
      (config[of]?.[list] ?? []).flatMap((name, index) =>
        known[list].has(name)
          ? []
          : [
              error(
                'wrong-value',
                [...path, of, list, index],
                `must be one of ${[...known[list]].join(', ')}`,
              ),
            ],
      ),
    ),
  );
}

function checkAccessLog({ accessLogFormat, accessLogEncoding }: MeshConfig, path: FieldPath): Finding[] {
  if (accessLogEncoding !== 'JSON' || !accessLogFormat) return [];
  const at = [...path, 'accessLogFormat'];
  try {
    const format: unknown = JSON.parse(accessLogFormat);
    if (typeof format === 'object' && format !== null && !Array.isArray(format))
      return checkJsonTemplate(format as Record<string, unknown>, at, accessLogFormat);
  } catch {
    // Said below.
  }
  return [error('wrong-type', at, 'must be a JSON object of templates with accessLogEncoding JSON')];
}

/** @param text in which the names of the template stand, when they are no fields of the resource */
export function checkJsonTemplate(
  format: Readonly<Record<string, unknown>>,
  path: FieldPath,
  text?: string,
): Finding[] {
  return Object.entries(format).flatMap(([name, template]) => {
    const at = text === undefined ? [...path, name] : path;
    if (typeof template === 'string') return [];
    if (typeof template === 'object' && template !== null && !Array.isArray(template))
      return checkJsonTemplate(template as Record<string, unknown>, at, text);
    const what = 'must be a template (string) or an object of templates';
    return [error('wrong-type', at, text === undefined ? what : `${JSON.stringify(name)} ${what}`)];
  });
}

/** Names are given once, and those that are used exist. */
function checkProviders(
  { extensionProviders = [], defaultProviders }: MeshConfig,
  path: FieldPath,
): Finding[] {
  const names = extensionProviders.map(({ name }) => name);
  const found = extensionProviders.flatMap((provider, index): Finding[] => {
    const at = [...path, 'extensionProviders', index];
    if (names.indexOf(provider.name) < index)
      return [error('duplicate', [...at, 'name'], `is given twice: ${JSON.stringify(provider.name)}`)];
    if (Object.keys(provider).length < 2)
      return [error('one-of', at, 'must say what it is: envoyFileAccessLog, envoyExtAuthzGrpc, …')];
    const labels = provider.envoyFileAccessLog?.logFormat?.labels;
    return labels === undefined
      ? []
      : checkJsonTemplate(labels, [...at, 'envoyFileAccessLog', 'logFormat', 'labels']);
  });
  const logs = new Set(
    extensionProviders.filter((one) => one.envoyFileAccessLog !== undefined).map(({ name }) => name),
  );
  for (const [index, name] of (defaultProviders?.accessLogging ?? []).entries()) {
    if (name === 'envoy' || logs.has(name)) continue;
    const at = [...path, 'defaultProviders', 'accessLogging', index];
    const message = names.includes(name)
      ? 'is no envoyFileAccessLog: other logs have no effect yet'
      : `no extensionProvider is named ${JSON.stringify(name)}`;
    found.push(error('wrong-value', at, message));
  }
  return found;
}
