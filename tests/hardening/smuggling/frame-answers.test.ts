import { data, headers } from '@tulle/data-plane/http2/testing/frames';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { describe, expect, test } from 'vitest';
import { frameBackend } from '../frame-backend.ts';
import { httpProxy } from '../proxy.ts';
import { answersIn, RawClient } from '../raw-client.ts';
import { frameAnswerCases } from './frame-answers.ts';

const cleanup = cleanupAfterEach();

describe('HTTP/2 answers that a reader of HTTP/1.1 may understand differently', () => {
  test.each(frameAnswerCases.map((each) => [each.name, each] as const))('%s', async (_name, each) => {
    let asked = 0;
    const backend = await frameBackend((connection, id) => {
      if (asked++ > 0) connection.send(headers(id, [[':status', '200']], false), data(id, 'innocent', true));
      else {
        connection.send(headers(id, each.fields, each.data === undefined));
        if (each.data !== undefined) connection.send(data(id, each.data, true));
      }
    });
    cleanup.push(() => backend.close());
    const proxy = await httpProxy(backend.port, { cluster: { protocol: 'http2' } });
    cleanup.push(() => proxy.close());
    const client = await RawClient.open(proxy.port);
    cleanup.push(() => client.close());

    client.send('GET /first HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until((text) => answersIn(text).answers.length > 0);
    const { answers } = answersIn(client.text);
    if (each.client === 'cut') expect([client.outcome, answers]).toEqual(['reset', []]);
    else
      expect(answers.map((answer) => (each.client === '502' ? answer.slice(0, 3) : answer))).toEqual([
        each.client,
      ]);
    expect(client.text).not.toMatch(/^set-cookie:/im);

    const other = await RawClient.open(proxy.port);
    cleanup.push(() => other.close());
    other.send('GET /innocent HTTP/1.1\r\nHost: a\r\n\r\n');
    await other.until((text) => answersIn(text).answers.length > 0);
    expect(answersIn(other.text)).toEqual({ answers: ['200 innocent'], rest: '' });
  });
});
