import { instanceName, notFound, sendJson, serve } from '../app.ts';

const color = process.env.COLOR ?? 'green';
const version = process.env.SERVICE_VERSION ?? 'v1';
/** 0: never fail. 2: every second request. */
const failEvery = Number(process.env.FAIL_EVERY ?? 0);
let requests = 0;

serve(`${color} ${version}`, (_request, response, url) => {
  if (url.pathname !== '/api/color') return notFound(response);
  requests++;
  if (failEvery > 0 && requests % failEvery === 0) return sendJson(response, 500, { error: 'a bug' });
  sendJson(response, 200, { color, version, instance: instanceName });
});
