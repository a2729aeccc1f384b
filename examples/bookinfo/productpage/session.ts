import type { IncomingMessage, ServerResponse } from 'node:http';

/** A sample's login: any name, no password is checked, the name is kept in a cookie. */
const cookieName = 'bookinfo-user';
const bodyLimit = 4096;

export function userOf(request: IncomingMessage): string | undefined {
  const cookie = request.headers.cookie?.split(/;\s*/).find((part) => part.startsWith(`${cookieName}=`));
  if (cookie === undefined) return undefined;
  const name = cookie.slice(cookieName.length + 1);
  return isUserName(name) ? name : undefined;
}

export async function login(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > bodyLimit) break;
  }
  const name = new URLSearchParams(body).get('username')?.trim() ?? '';
  redirect(response, isUserName(name) ? `${cookieName}=${name}; Path=/; HttpOnly; SameSite=Lax` : undefined);
}

export function logout(response: ServerResponse): void {
  redirect(response, `${cookieName}=; Path=/; Max-Age=0`);
}

const isUserName = (name: string): boolean => /^[A-Za-z0-9_.@-]{1,64}$/.test(name);

function redirect(response: ServerResponse, cookie: string | undefined): void {
  response.writeHead(302, {
    location: '/productpage',
    ...(cookie !== undefined && { 'set-cookie': cookie }),
  });
  response.end();
}
