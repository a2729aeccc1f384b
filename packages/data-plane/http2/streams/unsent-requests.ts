/** What the list needs of a request: where it keeps it. */
interface Listed {
  /** -1: not listed. */
  listedAt: number;
}

/** Requests whose head is not written yet, in no order. (Not a Set, for the reason that StreamTable gives.) */
export class UnsentRequests<Request extends Listed> {
  readonly #requests: Request[] = [];

  get size(): number {
    return this.#requests.length;
  }

  add(request: Request): void {
    request.listedAt = this.#requests.length;
    this.#requests.push(request);
  }

  remove(request: Request): void {
    const at = request.listedAt;
    if (at < 0) return;
    request.listedAt = -1;
    const last = this.#requests.pop() as Request;
    if (last === request) return;
    this.#requests[at] = last;
    last.listedAt = at;
  }

  all(): readonly Request[] {
    return this.#requests;
  }
}
