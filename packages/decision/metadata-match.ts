import { type DynamicMetadata, type MetadataValue, metadataAt } from './dynamic-metadata.ts';
import type { MetadataMatch, ValueTest } from './tables/metadata-match.ts';

/** envoy.type.matcher.v3.MetadataMatcher: what is not there matches nothing, so that its opposite holds. */
export function metadataMatches(match: MetadataMatch, metadata: DynamicMetadata | undefined): boolean {
  const value = metadataAt(metadata, match.filter, match.path);
  return valueMatches(match.test, value) !== match.invert;
}

function valueMatches(test: ValueTest, value: MetadataValue | undefined): boolean {
  switch (test.kind) {
    case 'present':
      return (value !== undefined && value !== null) === test.present;
    case 'text':
      return typeof value === 'string' && test.test(value);
    case 'one-of':
      return Array.isArray(value) && value.some((item) => valueMatches(test.item, item));
    case 'any':
      return test.of.some((one) => valueMatches(one, value));
  }
}
