import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  FractionalPercent_DenominatorType,
  type FractionalPercentSchema,
} from '@tulle/xds/gen/envoy/type/v3/percent_pb.js';

/** A percentage as Envoy's fraction, to a millionth. */
export function fraction(percent: number): MessageInitShape<typeof FractionalPercentSchema> {
  return {
    numerator: Math.round(percent * 10_000),
    denominator: FractionalPercent_DenominatorType.MILLION,
  };
}
