import { notFound, productId, sendJson, serve } from '../../app.ts';

serve('details', (_request, response, url) => {
  const id = productId(/^\/details\/([^/]+)$/.exec(url.pathname)?.[1]);
  if (id === undefined) return notFound(response);
  sendJson(response, 200, {
    id,
    author: 'William Shakespeare',
    year: 1595,
    type: 'paperback',
    pages: 200,
    publisher: 'PublisherA',
    language: 'English',
    'ISBN-10': '1234567890',
    'ISBN-13': '123-1234567890',
  });
});
