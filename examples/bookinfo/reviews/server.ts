import {
  headersToPassOn,
  instanceName,
  notFound,
  type PassedOn,
  productId,
  sendJson,
  serve,
} from '../../app.ts';

const version = process.env.SERVICE_VERSION ?? 'v1';
const withRatings = process.env.ENABLE_RATINGS !== 'false';
const color = process.env.STAR_COLOR ?? 'black';

const texts = {
  Reviewer1: 'Two pairs of twins, one city and no idea who is who: the fastest and funniest of his plays.',
  Reviewer2:
    'Great fun from the first mix-up to the last. Do not look for depth here; it is a farce, and proud of it.',
} as const;

serve(`reviews ${version}`, async (request, response, url) => {
  const id = productId(/^\/reviews\/([^/]+)$/.exec(url.pathname)?.[1]);
  if (id === undefined) return notFound(response);
  const ratings = withRatings ? await fetchRatings(id, headersToPassOn(request)) : undefined;
  sendJson(response, 200, {
    id: String(id),
    podname: instanceName,
    version,
    reviews: Object.entries(texts).map(([reviewer, text]) => ({
      reviewer,
      text,
      ...(withRatings && { rating: ratingOf(ratings?.[reviewer]) }),
    })),
  });
});

const ratingOf = (stars: number | undefined) =>
  stars === undefined ? { error: 'Ratings service is currently unavailable' } : { stars, color };

async function fetchRatings(id: number, headers: PassedOn): Promise<Record<string, number> | undefined> {
  try {
    const answer = await fetch(`http://ratings:9080/ratings/${id}`, {
      headers,
      signal: AbortSignal.timeout(2500),
    });
    if (!answer.ok) return undefined;
    const { ratings } = (await answer.json()) as { ratings: Record<string, number> };
    return ratings;
  } catch {
    return undefined;
  }
}
