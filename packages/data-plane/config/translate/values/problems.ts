import { decode, type Messages, type protobuf_Any, WireError } from '@tulle/xds/wire';

/**
 * Collects what is wrong with one resource, each with the place in it: `virtual_hosts[0].domains: …`. A
 * translator goes on after a problem with some harmless value, so that all are found; a resource with
 * problems is refused as a whole.
 */
export class Problems {
  readonly list: string[] = [];

  add(path: string, reason: string): void {
    this.list.push(path === '' ? reason : `${path}: ${reason}`);
  }

  /** Runs `read`; what it throws is a problem at `path`. */
  attempt<T>(path: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.add(path, (error as Error).message);
      return undefined;
    }
  }
}

export const join = (path: string, field: string): string => (path === '' ? field : `${path}.${field}`);

/** Decodes a message; fields that we do not know are problems. */
export function read<N extends keyof Messages>(
  name: N,
  bytes: Uint8Array,
  path: string,
  problems: Problems,
): Messages[N] | undefined {
  try {
    return decode(name, bytes, { unsupported: (field, reason) => problems.add(join(path, field), reason) });
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    problems.add(path, `cannot be read: ${error.message}`);
    return undefined;
  }
}

/** `type.googleapis.com/a.b.C` ⇒ `a.b.C`. */
export const messageName = (any: protobuf_Any): string => any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1);
