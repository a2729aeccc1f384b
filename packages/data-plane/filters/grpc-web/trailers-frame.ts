import type { Headers } from '@tulle/decision/headers';

/** Marks the frame that holds trailers. */
const trailersFlag = 0x80;

/** Trailers as the last frame of a body: HTTP/1 field lines, names in lower case. */
export function trailersFrame(trailers: Headers): Buffer {
  let lines = '';
  for (const [name, value] of trailers) lines += `${name}: ${value}\r\n`;
  const frame = Buffer.alloc(5 + Buffer.byteLength(lines, 'latin1'));
  frame[0] = trailersFlag;
  frame.writeUInt32BE(frame.length - 5, 1);
  frame.write(lines, 5, 'latin1');
  return frame;
}
