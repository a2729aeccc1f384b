import { z } from 'zod';
import { checked, withRules } from './rule.ts';

/** protobuf's uint32, as Istio's CRDs bound it. */
export const uint32 = () => z.int().min(0).max(4_294_967_295);

/** protobuf's int32. In a CRD it is `format: int32` without bounds. */
export const int32 = () => z.int32();

/** protobuf's uint64: no upper bound in a CRD; we take what a JavaScript integer holds exactly. */
export const uint64 = () => z.int().min(0);

/** A finite number. */
export const double = () => z.number().meta({ format: 'double' });

const isPort = (port: number): boolean => port > 0 && port <= 65535;
const explainPort = (port: number): string => `must be a port number between 1 and 65535, not ${port}`;

/** A port number where Istio's CRD has the rule too. */
export const portWithRule = () =>
  withRules(uint32(), {
    rule: '0 < self && self <= 65535',
    message: 'port must be between 1-65535',
    test: isPort,
    explain: explainPort,
  });

/** A port number where the CRD only says uint32, but no other number can be meant. */
export const port = () => checked(uint32(), 'out-of-range', isPort, explainPort);

/** As `port`, but 0 is a value too (protobuf's "not set"). */
export const portOrZero = () => checked(uint32(), 'out-of-range', (n) => n === 0 || isPort(n), explainPort);

/** A percentage with fractions, as Istio's `Percent.value`. */
export const percentValue = () =>
  checked(
    double(),
    'out-of-range',
    (value) => value === 0 || (value >= 0.0001 && value <= 100),
    (value) => `must be 0 or between 0.0001 and 100 (percent), not ${value}`,
  );
