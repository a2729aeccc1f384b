/** A patch that can't be applied: `malformed` is no patch at all, `failed` does not fit this document. */
export class PatchError extends Error {
  readonly code: 'malformed' | 'failed';
  constructor(code: PatchError['code'], message: string) {
    super(message);
    this.name = 'PatchError';
    this.code = code;
  }
}
