import type { IncomingMessage } from 'node:http';
import { notFound, productId, sendJson, serve } from '../../app.ts';

type Ratings = Record<string, number>;

const given = new Map<number, Ratings>();
const initial: Ratings = { Reviewer1: 5, Reviewer2: 4 };
const bodyLimit = 16 * 1024;

serve('ratings', async (request, response, url) => {
  const id = productId(/^\/ratings\/([^/]+)$/.exec(url.pathname)?.[1]);
  if (id === undefined) return notFound(response);
  if (request.method === 'POST') {
    const ratings = parseRatings(await readBody(request));
    if (ratings === undefined) return sendJson(response, 400, { error: 'please provide valid ratings JSON' });
    // A sample in memory: bounded, so that nobody can fill it.
    if (given.size < 1000) given.set(id, ratings);
  }
  sendJson(response, 200, { id, ratings: given.get(id) ?? initial });
});

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > bodyLimit) return '';
  }
  return body;
}

function parseRatings(text: string): Ratings | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return Object.values(value).every((stars) => Number.isInteger(stars) && stars >= 0 && stars <= 5)
      ? (value as Ratings)
      : undefined;
  } catch {
    return undefined;
  }
}
