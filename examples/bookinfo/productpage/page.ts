import type { Part } from './backend.ts';
import type { Product } from './products.ts';

interface Details {
  readonly [name: string]: string | number;
}

interface Review {
  readonly reviewer: string;
  readonly text: string;
  readonly rating?: { readonly stars: number; readonly color: string } | { readonly error: string };
}

export interface PageInput {
  readonly product: Product;
  readonly user: string | undefined;
  readonly details: Part;
  readonly reviews: Part;
}

const escapeHtml = (value: unknown): string =>
  String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const layout = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="/static/style.css">
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ctext y='13' font-size='13'%3E%F0%9F%93%96%3C/text%3E%3C/svg%3E">
</head>
<body>${body}</body>
</html>
`;

export function homePage(): string {
  return layout(
    'Bookinfo',
    `<main class="home"><h1>Bookinfo</h1>
<p>Four services, one page, six processes, and a mesh between them that you do not see.</p>
<p><a class="button" href="/productpage">Open the product page</a></p></main>`,
  );
}

export function productPage({ product, user, details, reviews }: PageInput): string {
  return layout(
    product.title,
    `<header><a href="/" class="brand">Bookinfo</a>${session(user)}</header>
<main>
<section class="book">
<div class="cover" aria-hidden="true"><span>The Comedy<br>of Errors</span><small>W. Shakespeare</small></div>
<div><h1>${escapeHtml(product.title)}</h1><p class="summary">${product.descriptionHtml}</p></div>
</section>
<div class="columns">
<section><h2>Book details</h2>${detailsSection(details)}</section>
<section><h2>Book reviews</h2>${reviewsSection(reviews)}</section>
</div>
</main>`,
  );
}

const session = (user: string | undefined): string =>
  user === undefined
    ? `<form class="session" method="post" action="/login"><label>User <input name="username" required pattern="[A-Za-z0-9_.@\\-]{1,64}" placeholder="jason" autocomplete="username"></label><button>Sign in</button></form>`
    : `<div class="session"><span class="user">${escapeHtml(user)}</span><a href="/logout">Sign out</a></div>`;

const failure = (part: Part): string =>
  `<p class="failure">${escapeHtml((part.body as { error?: string }).error ?? 'Unavailable')}</p>`;

const detailNames = [
  ['Type', 'type'],
  ['Pages', 'pages'],
  ['Publisher', 'publisher'],
  ['Language', 'language'],
  ['Year', 'year'],
  ['Author', 'author'],
  ['ISBN-10', 'ISBN-10'],
  ['ISBN-13', 'ISBN-13'],
] as const;

function detailsSection(part: Part): string {
  if (part.status !== 200) return failure(part);
  const details = part.body as Details;
  const rows = detailNames.map(
    ([label, key]) => `<dt>${label}</dt><dd>${escapeHtml(details[key] ?? '–')}</dd>`,
  );
  return `<dl>${rows.join('')}</dl>`;
}

function reviewsSection(part: Part): string {
  if (part.status !== 200) return failure(part);
  const { reviews, podname, version } = part.body as { reviews: Review[]; podname: string; version: string };
  return `${reviews.map(reviewQuote).join('')}
<p class="served">Reviews served by <code>${escapeHtml(podname)}</code>, version <code>${escapeHtml(version)}</code></p>`;
}

const reviewQuote = (review: Review): string =>
  `<blockquote><p>${escapeHtml(review.text)}</p>${stars(review.rating)}<footer>${escapeHtml(review.reviewer)}</footer></blockquote>`;

function stars(rating: Review['rating']): string {
  if (rating === undefined) return '';
  if ('error' in rating) return `<p class="failure">${escapeHtml(rating.error)}</p>`;
  const color = rating.color === 'red' ? 'red' : 'black';
  const filled = Math.max(0, Math.min(5, rating.stars));
  return `<p class="stars ${color}" role="img" aria-label="${filled} of 5 stars">${'★'.repeat(filled)}<span>${'★'.repeat(5 - filled)}</span></p>`;
}
