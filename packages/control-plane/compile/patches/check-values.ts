import type { JsonValue } from '@bufbuild/protobuf';
import type { Finding } from '@tulle/resources/finding';
import type { EnvoyFilterSpec } from '@tulle/resources/istio/envoy-filter/kind';
import type { Resource } from '@tulle/resources/kind';
import type { FieldPath } from '@tulle/resources/path';
import { convert } from './convert.ts';
import { targetTypes } from './target-types.ts';

/**
 * What is wrong with the values of an EnvoyFilter's patches: errors are what Istio's webhook refuses
 * (pkg/config/validation/envoyfilter), warnings what it takes. Nothing for other kinds.
 */
export function checkPatchValues({ kind, spec }: Resource): readonly Finding[] {
  if (kind !== 'EnvoyFilter') return [];
  const { configPatches = [] } = (spec ?? {}) as EnvoyFilterSpec;
  return configPatches.flatMap(({ applyTo = 'INVALID', patch }, index) => {
    const desc = targetTypes[applyTo];
    if (desc === undefined || patch?.value === undefined) return [];
    return convert(desc, patch.value as JsonValue, valuePath(index)).findings;
  });
}

/** Where the value of a patch stands. */
export const valuePath = (index: number): FieldPath => ['spec', 'configPatches', index, 'patch', 'value'];
