import { Http2Error } from '../protocol-error.ts';
import { readUint32 } from './frame.ts';

/** RFC 9113 section 6.5.2, RFC 8441 section 3. */
export const Setting = {
  HeaderTableSize: 1,
  EnablePush: 2,
  MaxConcurrentStreams: 3,
  InitialWindowSize: 4,
  MaxFrameSize: 5,
  MaxHeaderListSize: 6,
  EnableConnectProtocol: 8,
} as const;

export const largestWindow = 0x7fffffff;

/** What a peer has told of itself; the defaults hold until it does. */
export class PeerSettings {
  headerTableSize = 4096;
  maxConcurrentStreams = 0xffffffff;
  initialWindowSize = 65_535;
  maxFrameSize = 16_384;
  enableConnectProtocol = false;

  /**
   * Reads the payload of a SETTINGS frame, in order.
   *
   * @throws Http2Error for values that a peer may not set
   */
  apply(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; at += 6) {
      const id = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      const value = readUint32(bytes, at + 2);
      switch (id) {
        case Setting.HeaderTableSize:
          this.headerTableSize = value;
          break;
        case Setting.EnablePush:
          if (value > 1) throw new Http2Error('bad-setting');
          break;
        case Setting.MaxConcurrentStreams:
          this.maxConcurrentStreams = value;
          break;
        case Setting.InitialWindowSize:
          if (value > largestWindow) throw new Http2Error('bad-window-setting');
          this.initialWindowSize = value;
          break;
        case Setting.MaxFrameSize:
          if (value < 16_384 || value > 16_777_215) throw new Http2Error('bad-setting');
          this.maxFrameSize = value;
          break;
        case Setting.EnableConnectProtocol:
          // Once on it may not go off again (RFC 8441 section 3).
          if (value > 1 || (value === 0 && this.enableConnectProtocol)) throw new Http2Error('bad-setting');
          this.enableConnectProtocol = value === 1;
          break;
      }
    }
  }
}
