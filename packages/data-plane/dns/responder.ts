import { isIPv4, isIPv6 } from 'node:net';
import type { DnsTable } from '@tulle/decision/tables/dns';
import { addressBytes } from '../net/address-bytes.ts';
import type { Forwarder } from './forwarder.ts';
import {
  isBad,
  type Question,
  type Reply,
  rcode,
  readQuestion,
  recordType,
  writeFailure,
  writeReply,
} from './message.ts';
import { findName } from './names.ts';
import type { ResolvConf } from './resolv-conf.ts';

/** What TCP can carry. */
const maxTcpBytes = 65_535;

export interface ResponderCounters {
  /** Answered from the table. */
  answered: number;
  forwarded: number;
  /** Forwarded, and nobody answered. */
  failed: number;
  malformed: number;
}

export interface ResponderParts {
  /** The table of now. */
  readonly table: () => DnsTable;
  readonly system: () => ResolvConf;
  readonly forwarder: Forwarder;
}

/** Decides what a question is answered. */
export class Responder {
  readonly counters: ResponderCounters = { answered: 0, forwarded: 0, failed: 0, malformed: 0 };
  readonly #parts: ResponderParts;

  constructor(parts: ResponderParts) {
    this.#parts = parts;
  }

  /** @param reply called at most once, in this turn or later; never for what deserves no answer */
  respond(message: Buffer, transport: 'udp' | 'tcp', reply: (response: Buffer) => void): void {
    const question = readQuestion(message);
    if (isBad(question)) {
      this.counters.malformed++;
      if (question.code !== undefined) reply(writeFailure(question, question.code));
      return;
    }
    const limit = transport === 'udp' ? question.udpBytes : maxTcpBytes;
    const table = this.#parts.table();
    const { servers, searchDomains } = this.#parts.system();
    const own = answerFrom(table, question, searchDomains);
    if (own !== undefined || table.maxForwarded === 0) {
      this.counters.answered++;
      reply(writeReply(question, own ?? failure(rcode.nameError), limit));
      return;
    }
    this.counters.forwarded++;
    const limits = { timeoutMs: table.forwardTimeoutMs, maxPending: table.maxForwarded };
    this.#parts.forwarder.ask(message, question.section, transport, servers, limits, (response) => {
      if (response === undefined) this.counters.failed++;
      reply(response ?? writeReply(question, failure(rcode.serverFailure), limit));
    });
  }
}

const failure = (code: Reply['code']): Reply => ({ code, addresses: [], ttlSeconds: 0 });

/** A name of the table exists with all its types: those that it has no records of are empty answers (NODATA). */
function answerFrom(
  table: DnsTable,
  { name, type }: Question,
  searchDomains: readonly string[],
): Reply | undefined {
  const answer = findName(table.names, name, searchDomains);
  if (answer === undefined) return undefined;
  const isOfType = type === recordType.A ? isIPv4 : type === recordType.AAAA ? isIPv6 : () => false;
  return {
    code: rcode.ok,
    addresses: answer.addresses.filter((address) => isOfType(address)).map(addressBytes),
    ttlSeconds: answer.ttlSeconds,
  };
}
