import type { HygieneCase } from './case.ts';
import { clientCases } from './cases/client.ts';
import { clientCertificateCases } from './cases/client-certificate.ts';
import { messageCases } from './cases/message.ts';
import { targetCases } from './cases/target.ts';

/** Envoy: "HTTP header manipulation" and "HTTP header sanitizing". Clients are at 127.0.0.1. */
export const cases: readonly HygieneCase[] = [
  ...clientCases,
  ...clientCertificateCases,
  ...targetCases,
  ...messageCases,
];
