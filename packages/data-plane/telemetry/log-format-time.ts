/**
 * `%START_TIME(format)%`: strftime with Envoy's fractions (`%3f` milliseconds, `%6f`, `%9f`, `%f` nine
 * digits), in UTC. Without a format ISO 8601 with milliseconds.
 *
 * @throws RangeError naming a conversion that is not known
 */
export function compileTimeFormat(format: string): (epochMs: number) => string {
  if (format === '') return (epochMs) => new Date(epochMs).toISOString();
  const parts: (string | ((time: Date) => string))[] = [];
  for (const [part] of format.matchAll(/%[1-9]?[A-Za-z%]|[^%]+|%/g)) {
    if (!part.startsWith('%')) parts.push(part);
    else if (part === '%%') parts.push('%');
    else {
      const conversion = conversions[part.slice(1)];
      if (conversion === undefined) throw new RangeError(part);
      parts.push(conversion);
    }
  }
  return (epochMs) => {
    const time = new Date(epochMs);
    return parts.map((part) => (typeof part === 'string' ? part : part(time))).join('');
  };
}

const two = (value: number): string => String(value).padStart(2, '0');
const date = (time: Date): string => time.toISOString().slice(0, 10);
const clock = (time: Date): string => time.toISOString().slice(11, 19);
const milliseconds = (time: Date): string => String(time.getUTCMilliseconds()).padStart(3, '0');
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

const conversions: Readonly<Record<string, (time: Date) => string>> = {
  Y: (time) => String(time.getUTCFullYear()),
  m: (time) => two(time.getUTCMonth() + 1),
  d: (time) => two(time.getUTCDate()),
  e: (time) => String(time.getUTCDate()).padStart(2),
  H: (time) => two(time.getUTCHours()),
  M: (time) => two(time.getUTCMinutes()),
  S: (time) => two(time.getUTCSeconds()),
  F: date,
  T: clock,
  b: (time) => months[time.getUTCMonth()] as string,
  a: (time) => days[time.getUTCDay()] as string,
  z: () => '+0000',
  Z: () => 'UTC',
  s: (time) => String(Math.floor(time.getTime() / 1_000)),
  f: (time) => `${milliseconds(time)}000000`,
  '3f': milliseconds,
  '6f': (time) => `${milliseconds(time)}000`,
  '9f': (time) => `${milliseconds(time)}000000`,
};
