/** What keeps bytes from being text, with the offset of the first wrong one in `text` decoded so far. */
export interface DecodeFailure {
  readonly code: 'too-large' | 'not-text';
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Turns the bytes of a file into text: UTF-8 with or without byte order mark, no control characters but tab,
 * line feed and carriage return. Size is judged before anything else.
 */
export function decodeText(input: string | Uint8Array, maxBytes: number): string | DecodeFailure {
  const size = typeof input === 'string' ? input.length : input.byteLength;
  if (size > maxBytes) {
    return {
      code: 'too-large',
      message: `is too large: ${mebibytes(size)} where ${mebibytes(maxBytes)} is the limit`,
      line: 1,
      column: 1,
    };
  }
  if (typeof input !== 'string') {
    if ((input[0] === 0xff && input[1] === 0xfe) || (input[0] === 0xfe && input[1] === 0xff)) {
      return { code: 'not-text', message: 'is UTF-16; save it as UTF-8', line: 1, column: 1 };
    }
    try {
      return firstControl(new TextDecoder('utf-8', { fatal: true }).decode(input));
    } catch {
      return invalidUtf8(input);
    }
  }
  return firstControl(input.charCodeAt(0) === 0xfeff ? input.slice(1) : input);
}

const mebibytes = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${bytes} bytes` : `${(bytes / 1024 / 1024).toFixed(1).replace('.0', '')} MiB`;

function firstControl(text: string): string | DecodeFailure {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: YAML's c-printable (YAML 1.2.2, section 5.1) leaves these out
  const match = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/.exec(text);
  if (match === null) return text;
  const code = match[0].charCodeAt(0).toString(16).padStart(4, '0').toUpperCase();
  const what = code === '0000' ? 'a NUL byte (is this a binary file?)' : `the control character U+${code}`;
  return { code: 'not-text', message: `is not text: it holds ${what}`, ...lineAndColumn(text, match.index) };
}

/** Finds the first byte that is no UTF-8: the decoder only says that there is one. */
function invalidUtf8(bytes: Uint8Array): DecodeFailure {
  const lenient = new TextDecoder('utf-8').decode(bytes);
  const encoder = new TextEncoder();
  let index = lenient.indexOf('\ufffd');
  // A replacement character that was really written is three bytes that decode; skip those.
  while (index >= 0) {
    const at = encoder.encode(lenient.slice(0, index)).length;
    if (bytes[at] !== 0xef || bytes[at + 1] !== 0xbf || bytes[at + 2] !== 0xbd) break;
    index = lenient.indexOf('\ufffd', index + 1);
  }
  const control = firstControl(lenient.slice(0, Math.max(index, 0)));
  if (typeof control !== 'string') return control;
  return {
    code: 'not-text',
    message: 'is not text: it holds bytes that are not UTF-8 (is this a binary file?)',
    ...lineAndColumn(lenient, Math.max(index, 0)),
  };
}

function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
}
