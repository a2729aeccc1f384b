import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HeaderValueOptionSchema } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import { compare } from '../../../model/origin.ts';

type HeaderValueOption = MessageInitShape<typeof HeaderValueOptionSchema>;

/** Headers of an answer, by name: equal input gives equal bytes. */
export function headerOptions(headers: Readonly<Record<string, string>> = {}): HeaderValueOption[] {
  const sorted = Object.entries(headers).toSorted(([a], [b]) => compare(a, b));
  return sorted.map(([key, value]) => ({ header: { key, value } }));
}
