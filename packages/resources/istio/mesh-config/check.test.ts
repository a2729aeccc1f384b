import { expect, test } from 'vitest';
import { parseResources } from '../../parse.ts';

/** Severity, path and code of what is found in a Mesh's spec. */
function found(spec: string): string[] {
  const text = `apiVersion: tulle.dev/v1alpha1\nkind: Mesh\nmetadata: { name: a }\nspec: ${spec}\n`;
  return parseResources(text).documents.flatMap(({ problems }) =>
    problems.map(({ severity, path, code }) => `${severity} ${path.replace(/^spec\.?/, '')} ${code}`),
  );
}

test.each([
  ['{ accessLogFile: "", pathNormalization: { normalization: MERGE_SLASHES }, connectTimeout: 3s }', []],
  ['{ trustDomainAliases: [old.example.org, Bad] }', ['error trustDomainAliases[1] bad-name']],
  ['{ accessLogEncoding: JSON, accessLogFormat: "{\\"a\\": {\\"b\\": \\"%PROTOCOL%\\"}}" }', []],
  ['{ accessLogEncoding: JSON, accessLogFormat: "%PROTOCOL%" }', ['error accessLogFormat wrong-type']],
  ['{ accessLogEncoding: JSON, accessLogFormat: "{\\"a\\": 1}" }', ['error accessLogFormat wrong-type']],
  ['{ accessLogFile: /a, accessLog: { path: /b } }', ['error accessLogFile conflict']],
  ['{ extensionProviders: [{ name: a }] }', ['error extensionProviders[0] one-of']],
  [
    '{ extensionProviders: [{ name: a, envoyFileAccessLog: {} }, { name: a, envoyFileAccessLog: {} }] }',
    ['error extensionProviders[1].name duplicate'],
  ],
  [
    '{ extensionProviders: [{ name: a, zipkin: { service: b, port: 9411 } }] }',
    ['warning extensionProviders[0].zipkin not-enforced'],
  ],
  [
    '{ extensionProviders: [{ name: a, zipkin: { service: b } }] }',
    ['error extensionProviders[0].zipkin.port required'],
  ],
  [
    '{ defaultProviders: { accessLogging: [envoy, other] } }',
    ['error defaultProviders.accessLogging[1] wrong-value'],
  ],
  [
    '{ defaultServiceExportTo: ["."], defaultVirtualServiceExportTo: ["*", "."] }',
    ['error defaultVirtualServiceExportTo[0] conflict'],
  ],
  [
    '{ discoverySelectors: [{ matchExpressions: [{ key: a, operator: In }] }] }',
    ['error discoverySelectors[0].matchExpressions[0].values required'],
  ],
  ['{ meshMTLS: { minProtocolVersion: TLSV1_3 } }', []],
  ['{ serviceSettings: [{ settings: { clusterLocal: true }, hosts: ["*"] }] }', []],
  ['{ tlsDefaults: { ecdhCurves: [P-256, P-257] } }', ['error tlsDefaults.ecdhCurves[1] wrong-value']],
  ['{ meshMTLS: { cipherSuites: [AES128-SHA] } }', ['warning meshMTLS.cipherSuites not-applicable']],
  [
    '{ defaultConfig: { tracing: { sampling: 10 }, concurrency: 2 } }',
    ['warning defaultConfig.tracing not-enforced'],
  ],
])('%s', (spec, expected) => expect(found(spec)).toEqual(expected));
