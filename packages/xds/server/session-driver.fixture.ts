import type { Snapshot, XdsType } from '../resource.ts';
import type { SessionRequest } from './request.ts';
import type { SessionResponse } from './response.ts';
import { line, request, snapshotOf } from './session.fixture.ts';
import { Session, type SessionEvent } from './session.ts';

/** A session with its client's side in hand: responses are taken one by one, ACKed when the test says so. */
export class Driver {
  readonly session = new Session({ maxResponseBytes: 1_000, warmingMs: 2_000, resumeHoldMs: 1_000 });
  now = 10_000;
  readonly unanswered = new Map<XdsType, SessionResponse>();

  set(parts: Parameters<typeof snapshotOf>[0]): Snapshot {
    const snapshot = snapshotOf(parts);
    this.session.setSnapshot(snapshot);
    return snapshot;
  }

  send(type: XdsType, parts: Partial<SessionRequest> = {}): SessionEvent[] {
    return this.session.request(request(type, parts), this.now);
  }

  /** Everything that may go now, one line each. */
  take(): string[] {
    const lines: string[] = [];
    for (let next = this.session.next(this.now); next !== undefined; next = this.session.next(this.now)) {
      this.unanswered.set(next.type, next);
      lines.push(line(next));
    }
    return lines;
  }

  answer(type: XdsType, error?: string): SessionEvent[] {
    const nonce = this.unanswered.get(type)?.nonce ?? '';
    this.unanswered.delete(type);
    return this.send(type, { nonce, ...(error === undefined ? {} : { error: { code: 3, message: error } }) });
  }

  answerAll(): void {
    for (const type of [...this.unanswered.keys()]) this.answer(type);
  }

  /** Takes and answers until nothing comes. */
  drain(): string[] {
    const lines: string[] = [];
    for (let some = this.take(); some.length > 0; some = this.take()) {
      lines.push(...some);
      this.answerAll();
    }
    return lines;
  }
}
