import type { IncomingMessage, ServerResponse } from 'node:http';
import { headersToPassOn, notFound, productId, sendJson, serve } from '../../app.ts';
import { fetchPart } from './backend.ts';
import { homePage, productPage } from './page.ts';
import { products } from './products.ts';
import { login, logout, userOf } from './session.ts';
import { style } from './style.ts';

serve('productpage', async (request, response, url) => {
  const api = /^\/api\/v1\/products(?:\/([^/]+)(?:\/(reviews|ratings))?)?$/.exec(url.pathname);
  if (api !== null) return answerApi(request, response, api[1], api[2]);
  switch (url.pathname) {
    case '/':
      return sendHtml(response, homePage());
    case '/productpage':
      return answerPage(request, response);
    case '/login':
      return login(request, response);
    case '/logout':
      return logout(response);
    case '/static/style.css':
      response.writeHead(200, { 'content-type': 'text/css', 'cache-control': 'max-age=3600' });
      response.end(style);
      return;
    default:
      return notFound(response);
  }
});

function sendHtml(response: ServerResponse, html: string): void {
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(html),
  });
  response.end(html);
}

/** What goes along to the backends: trace fields, and who is logged in. */
function backendHeaders(request: IncomingMessage): Record<string, string> {
  const headers = headersToPassOn(request);
  const user = userOf(request);
  return user === undefined ? headers : { ...headers, 'end-user': user };
}

async function answerPage(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = backendHeaders(request);
  const [product] = products;
  const [details, reviews] = await Promise.all([
    fetchPart('details', product.id, headers),
    fetchPart('reviews', product.id, headers),
  ]);
  sendHtml(response, productPage({ product, user: userOf(request), details, reviews }));
}

async function answerApi(
  request: IncomingMessage,
  response: ServerResponse,
  idText: string | undefined,
  part: string | undefined,
): Promise<void> {
  if (idText === undefined) return sendJson(response, 200, products);
  const id = productId(idText);
  const product = products.find((candidate) => candidate.id === id);
  if (product === undefined) return notFound(response);
  const name = part === 'reviews' || part === 'ratings' ? part : 'details';
  const { status, body } = await fetchPart(name, product.id, backendHeaders(request));
  sendJson(response, status, body);
}
