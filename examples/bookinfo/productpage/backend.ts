/** The services behind the page, by the names and ports that the mesh gives them. */
export interface Part {
  readonly status: number;
  readonly body: unknown;
}

/** Fetches one part of a product; a backend that fails gives its status and a message, never a throw. */
export async function fetchPart(
  service: 'details' | 'reviews' | 'ratings',
  id: number,
  headers: Record<string, string>,
): Promise<Part> {
  try {
    const answer = await fetch(`http://${service}:9080/${service}/${id}`, {
      headers,
      signal: AbortSignal.timeout(3000),
    });
    if (answer.ok) return { status: 200, body: await answer.json() };
    await answer.body?.cancel();
    return { status: answer.status, body: unavailable(service) };
  } catch {
    return { status: 503, body: unavailable(service) };
  }
}

const unavailable = (service: string) => ({
  error: `Sorry, product ${service} are currently unavailable for this book.`,
});
