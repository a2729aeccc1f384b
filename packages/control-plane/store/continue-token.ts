import { StoreError } from './store.ts';

/** Where the next page starts, and which revision it shows. */
export interface Position {
  readonly revision: number;
  readonly namespace: string;
  readonly name: string;
}

/** Opaque to clients; survives a restart of the control plane. */
export function encodeContinue({ revision, namespace, name }: Position): string {
  return Buffer.from(JSON.stringify([1, revision, namespace, name])).toString('base64url');
}

/** @throws StoreError malformed */
export function decodeContinue(token: string): Position {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(parts) && parts.length === 4) {
      const [format, revision, namespace, name] = parts as unknown[];
      if (
        format === 1 &&
        Number.isSafeInteger(revision) &&
        typeof namespace === 'string' &&
        typeof name === 'string'
      )
        return { revision: revision as number, namespace, name };
    }
  } catch {
    // Falls through to the one answer for every token that isn't ours.
  }
  throw new StoreError('malformed', 'continue key is not valid');
}

/** A resourceVersion as a number. @throws StoreError malformed */
export function parseRevision(text: string): number {
  const revision = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(revision)) throw new StoreError('malformed', `invalid resource version "${text}"`);
  return revision;
}
