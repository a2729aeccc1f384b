import { Http2Error } from '../protocol-error.ts';
import { codeLengths, codes, endOfString } from './huffman-code.ts';

/**
 * The decoder as a state machine over octets. A state is an inner node of the code's tree (there are 256);
 * an octet leads from one to another and yields at most two symbols, as no code is shorter than five bits.
 *
 * ```
 *   transition: next state 0-7 │ number of symbols 8-15 (3: invalid) │ first 16-23 │ second 24-31
 * ```
 */
interface Machine {
  readonly transitions: Uint32Array;
  /** 1 for states in which the rest is padding: fewer than eight bits, all ones. */
  readonly accepting: Uint8Array;
}

const invalid = 3;
let machine: Machine | undefined;

/** Writes what `bytes[from, to)` stands for into `out`, which has room for 8/5 of it; returns its length. */
export function huffmanDecode(bytes: Uint8Array, from: number, to: number, out: Uint8Array): number {
  // Made on first use: a quarter of a megabyte that a proxy without HTTP/2 never needs.
  machine ??= buildMachine();
  const { transitions, accepting } = machine;
  let state = 0;
  let length = 0;
  for (let at = from; at < to; at++) {
    const transition = transitions[(state << 8) | (bytes[at] as number)] as number;
    const symbols = (transition >>> 8) & 0xff;
    if (symbols !== 0) {
      if (symbols === invalid) throw new Http2Error('bad-header-block');
      out[length++] = transition >>> 16;
      if (symbols === 2) out[length++] = transition >>> 24;
    }
    state = transition & 0xff;
  }
  if (accepting[state] !== 1) throw new Http2Error('bad-header-block');
  return length;
}

/** Octets that `text` (characters below 256) takes when encoded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at++) bits += codeLengths[text.charCodeAt(at)] as number;
  return (bits + 7) >>> 3;
}

/** Encodes `text` at `out[at]`; returns the place behind it. */
export function huffmanEncode(text: string, out: Uint8Array, at: number): number {
  let pending = 0;
  let bits = 0;
  for (let index = 0; index < text.length; index++) {
    const symbol = text.charCodeAt(index);
    let length = codeLengths[symbol] as number;
    let code = codes[symbol] as number;
    if (length > 16) {
      // Seven bits may be pending: more than sixteen at once could pass the 32 of an integer.
      const high = length - 16;
      pending = (pending << high) | (code >>> 16);
      bits += high;
      while (bits >= 8) {
        bits -= 8;
        out[at++] = pending >>> bits;
      }
      code &= 0xffff;
      length = 16;
    }
    pending = (pending << length) | code;
    bits += length;
    while (bits >= 8) {
      bits -= 8;
      out[at++] = pending >>> bits;
    }
    pending &= 0xff;
  }
  if (bits > 0) out[at++] = (pending << (8 - bits)) | (0xff >>> bits);
  return at;
}

interface Node {
  readonly children: [Node | number | undefined, Node | number | undefined];
  readonly depth: number;
  readonly onlyOnes: boolean;
  readonly state: number;
}

function buildMachine(): Machine {
  const states: Node[] = [];
  const node = (depth: number, onlyOnes: boolean): Node => {
    const made: Node = { children: [undefined, undefined], depth, onlyOnes, state: states.length };
    states.push(made);
    return made;
  };
  const root = node(0, true);
  for (let symbol = 0; symbol < codes.length; symbol++) {
    const code = codes[symbol] as number;
    let at = root;
    for (let bit = (codeLengths[symbol] as number) - 1; bit > 0; bit--) {
      const side = (code >>> bit) & 1;
      let child = at.children[side];
      if (typeof child !== 'object') {
        child = node(at.depth + 1, at.onlyOnes && side === 1);
        at.children[side] = child;
      }
      at = child;
    }
    at.children[code & 1] = symbol;
  }
  const transitions = new Uint32Array(states.length << 8);
  const accepting = new Uint8Array(states.length);
  for (const state of states) {
    if (state.onlyOnes && state.depth < 8) accepting[state.state] = 1;
    for (let octet = 0; octet < 256; octet++) {
      transitions[(state.state << 8) | octet] = transition(root, state, octet);
    }
  }
  return { transitions, accepting };
}

function transition(root: Node, from: Node, octet: number): number {
  let at = from;
  let count = 0;
  let symbols = 0;
  for (let bit = 7; bit >= 0; bit--) {
    const child = at.children[(octet >>> bit) & 1];
    if (typeof child === 'object') at = child;
    else if (child === undefined || child === endOfString) return invalid << 8;
    else {
      symbols |= child << (16 + 8 * count++);
      at = root;
    }
  }
  return (at.state | (count << 8) | symbols) >>> 0;
}
