import { enums } from '@tulle/xds/gen/readers.js';
import type { type_HttpStatus } from '@tulle/xds/wire';

const codes = new Map(
  Object.entries(enums['envoy.type.v3.StatusCode'] ?? {}).map(
    ([code, name]) => [name, Number(code)] as const,
  ),
);

/** envoy.type.v3.HttpStatus as its number; `absent` where there is none, or one below 400, which refuses nothing. */
export function refusalStatus(status: type_HttpStatus | undefined, absent: number): number {
  const code = codes.get(status?.code ?? '') ?? 0;
  return code < 400 ? absent : code;
}
