import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { describe, expect, test } from 'vitest';
import { httpProxy } from '../proxy.ts';
import { type Answer, echo, rawBackend } from '../raw-backend.ts';
import { answersIn, RawClient } from '../raw-client.ts';
import type { ResponseCase } from './case.ts';
import { responseCases } from './responses.ts';

const cleanup = cleanupAfterEach();

const first = 'GET /first HTTP/1.1\r\nHost: a\r\n\r\n';
const innocent = 'GET /innocent HTTP/1.1\r\nHost: a\r\n\r\n';

/** Answers the first request by the case, the others as they are meant. */
function scripted({ response, ends }: ResponseCase): Answer {
  return (request, connection) => {
    if (request.includes('/innocent')) echo(request, connection);
    else {
      connection.socket.write(Buffer.from(response, 'latin1'));
      if (ends) connection.socket.end();
    }
  };
}

describe('answers that two readers may understand differently', () => {
  test.each(responseCases.map((each) => [`${each.group}: ${each.name}`, each] as const))(
    '%s',
    async (_, each) => {
      const request = each.request ?? first;
      const backend = await rawBackend(scripted(each), ({ socket }) => {
        // An early answer does not wait for the whole request.
        if (/Content-Length: 10/.test(request)) {
          socket.once('data', () => socket.write(Buffer.from(each.response, 'latin1')));
        }
      });
      cleanup.push(() => backend.close());
      const proxy = await httpProxy(backend.port);
      cleanup.push(() => proxy.close());
      const client = await RawClient.open(proxy.port);
      cleanup.push(() => client.close());

      client.send(request);
      await client.until(
        (text) => finals(text, request).length >= each.client.length && each.cut === undefined,
      );
      if (each.cut) {
        expect(client.outcome).toBe('reset');
        expect(finals(client.text, request)).toEqual([]);
      } else {
        expect(finals(client.text, request).map((answer, at) => shown(answer, each.client[at]))).toEqual(
          each.client,
        );
      }

      const [used] = backend.connections;
      if (each.late !== undefined) {
        used?.socket.write(each.late);
        await expect.poll(() => used?.ended || used?.socket.destroyed).toBe(true);
      }

      const other = await RawClient.open(proxy.port);
      cleanup.push(() => other.close());
      other.send(innocent);
      await other.until((text) => answersIn(text).answers.length > 0);
      expect(answersIn(other.text)).toEqual({ answers: ['200 GET /innocent'], rest: '' });
      const own = backend.connections.find(({ heard }) => heard.includes('/innocent'));
      expect(own?.heard.includes('/first') === true).toBe(each.reused);
      expect(client.text).not.toContain('SMUGGLED');
    },
  );
});

/** The final answers to `request`; those to HEAD have no body whatever they say. */
function finals(text: string, request: string): string[] {
  const heard = request.startsWith('HEAD ') ? text.replace(/^content-length: \d+\r\n/im, '') : text;
  return answersIn(heard).answers.filter((answer) => !answer.startsWith('1'));
}

/** Of our own answers only the status. */
function shown(answer: string, wanted: string | undefined): string {
  return wanted?.length === 3 ? answer.slice(0, 3) : answer;
}
