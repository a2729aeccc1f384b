import { createSecureContext } from 'node:tls';
import { expect, test } from 'vitest';
import { type ClientSession, ClientSessions, SessionsOfConnection } from './sessions.ts';

const context = createSecureContext();
const session: ClientSession = {
  ticket: Buffer.from('ticket'),
  certificate: Buffer.from('certificate'),
  notAfter: 1_000,
};

test('a session is kept for its server and context, until the certificate of its server ends', () => {
  const sessions = new ClientSessions();
  sessions.set('a', context, session);
  expect(sessions.get('a', context, 999)).toBe(session);
  expect(sessions.get('b', context, 999)).toBeUndefined();
  expect(sessions.get('a', context, 1_000)).toBeUndefined();
  sessions.set('a', context, session);
  expect(sessions.get('a', createSecureContext(), 0)).toBeUndefined();
});

test('of too many the one that was used longest ago is forgotten', () => {
  const sessions = new ClientSessions(2);
  sessions.set('a', context, session);
  sessions.set('b', context, session);
  sessions.get('a', context, 0);
  sessions.set('c', context, session);
  expect(['a', 'b', 'c'].map((server) => sessions.get(server, context, 0) !== undefined)).toEqual([
    true,
    false,
    true,
  ]);
});

test('what is offered before the server is known to be right is kept only then', () => {
  const sessions = new ClientSessions();
  const connection = new SessionsOfConnection(sessions, 'a', context);
  connection.offer(session.ticket);
  expect(sessions.get('a', context, 0)).toBeUndefined();
  connection.belongTo({ certificate: session.certificate, notAfter: session.notAfter });
  expect(sessions.get('a', context, 0)).toEqual(session);
});
