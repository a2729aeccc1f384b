let dateSecond = 0;
let dateText = '';

/** IMF-fixdate (RFC 9110 section 5.6.7) of `now`, milliseconds since the epoch; made once a second. */
export function httpDate(now: number): string {
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}
