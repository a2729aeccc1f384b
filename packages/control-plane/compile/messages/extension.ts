import type { Any } from '@bufbuild/protobuf/wkt';

/** An extension of Envoy (filter, transport socket, access log) as messages hold it: a name, and its configuration. */
export const extension = (name: string, value: Any) => ({
  name,
  configType: { case: 'typedConfig' as const, value },
});
