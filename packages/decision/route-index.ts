import { type RoutedRequest, requestField } from './routed-request.ts';
import type { HeaderMatch, Route, RouteMatch } from './tables/route.ts';

/** Positions of routes, in order. */
type Positions = number[];

/** So many characters of what a path must contain are looked for at once. */
const GRAM = 4;

/**
 * Which of many routes a request can match at all: every route is filed under one thing that its requests must
 * have, the one that it shares with the fewest others.
 *
 * ```
 *   request ─┬─ its path ───────────▶ exact paths ──────┐
 *            ├─ its beginnings ─────▶ prefixes ─────────┤
 *            ├─ its 4-grams ────────▶ regex literals ───┼─▶ candidates, merged in order ─▶ the first that matches
 *            ├─ its fields' values ─▶ exact values ─────┤
 *            ├─ its fields' names ──▶ present fields ───┤
 *            └─ always ─────────────▶ the rest ─────────┘
 * ```
 */
export class RouteIndex {
  readonly #exactPaths = new Map<string, Positions>();
  readonly #prefixes = new Map<string, Positions>();
  /** Of the prefixes, ascending. */
  readonly #prefixLengths: readonly number[];
  readonly #grams = new Map<number, Positions>();
  readonly #values = new Map<string, Map<string, Positions>>();
  /** Pseudo-fields among the names of `#values`: every request has them, but not among its headers. */
  readonly #pseudoFields: readonly string[];
  readonly #present = new Map<string, Positions>();
  readonly #rest: Positions = [];
  /** Of the request that is asked about: lists that may hold its route, and how far each has been read. */
  readonly #lists: Positions[] = [];
  readonly #read: number[] = [];

  constructor(routes: readonly Route[]) {
    const filed = routes.map(({ match }) => this.#placesOf(match).map((place) => place()));
    const sizes = new Map<Positions, number>();
    for (const places of filed) for (const place of places) sizes.set(place, (sizes.get(place) ?? 0) + 1);
    filed.forEach((places, position) => {
      const [first = this.#rest, ...others] = places;
      const size = (place: Positions): number => sizes.get(place) ?? 0;
      others.reduce((best, place) => (size(place) < size(best) ? place : best), first).push(position);
    });
    this.#prune();
    this.#prefixLengths = [...new Set([...this.#prefixes.keys()].map(({ length }) => length))].sort(
      (a, b) => a - b,
    );
    this.#pseudoFields = [...this.#values.keys()].filter((name) => name.startsWith(':'));
  }

  /** Begins with a request: `next` tells its candidates. @param path without query */
  begin(request: RoutedRequest, path: string): void {
    this.#lists.length = 0;
    this.#read.length = 0;
    this.#add(this.#rest);
    this.#add(this.#exactPaths.get(path));
    for (const length of this.#prefixLengths) {
      if (length > path.length) break;
      this.#add(this.#prefixes.get(path.slice(0, length)));
    }
    if (this.#grams.size > 0) this.#addGrams(path);
    if (this.#values.size > 0 || this.#present.size > 0) this.#addFields(request);
  }

  /** The next position in order, -1 when there is none. */
  next(): number {
    const lists = this.#lists;
    const read = this.#read;
    let least = -1;
    for (let i = 0; i < lists.length; i++) {
      const position = (lists[i] as Positions)[read[i] as number];
      if (position !== undefined && (least < 0 || position < least)) least = position;
    }
    if (least < 0) return -1;
    for (let i = 0; i < lists.length; i++) {
      if ((lists[i] as Positions)[read[i] as number] === least) (read[i] as number)++;
    }
    return least;
  }

  #add(positions: Positions | undefined): void {
    if (positions === undefined || positions.length === 0) return;
    this.#lists.push(positions);
    this.#read.push(0);
  }

  #addGrams(path: string): void {
    let code = 0;
    for (let i = 0; i < path.length; i++) {
      code = (code << 8) | (path.charCodeAt(i) & 0xff);
      if (i >= GRAM - 1) this.#add(this.#grams.get(code));
    }
  }

  #addFields(request: RoutedRequest): void {
    const { headers } = request;
    for (let i = 0; i < headers.size; i++) {
      const name = headers.nameAt(i);
      this.#add(this.#present.get(name));
      this.#addValue(request, name);
    }
    for (const name of this.#pseudoFields) this.#addValue(request, name);
  }

  #addValue(request: RoutedRequest, name: string): void {
    const byValue = this.#values.get(name);
    if (byValue !== undefined) this.#add(byValue.get(requestField(request, name) ?? ''));
  }

  /** Where a route could be filed: each finds the list, or makes it. */
  #placesOf(match: RouteMatch): (() => Positions)[] {
    return [
      ...this.#pathPlaces(match.path),
      ...match.headers.flatMap((header) => this.#headerPlaces(header)),
    ];
  }

  #pathPlaces(path: RouteMatch['path']): (() => Positions)[] {
    if (path.kind === 'connect') return [];
    if (path.kind === 'regex')
      return gramsOf(path.test.literal ?? '').map((gram) => () => placeIn(this.#grams, gram));
    if (path.ignoreCase) return [];
    const index = path.kind === 'exact' ? this.#exactPaths : this.#prefixes;
    return [() => placeIn(index, path.value)];
  }

  #headerPlaces({ name, invert, treatMissingAsEmpty, test }: HeaderMatch): (() => Positions)[] {
    // Either may hold for requests without the field. `host` can be asked for and is no field of theirs.
    if (invert || treatMissingAsEmpty || name === 'host') return [];
    if (test.kind === 'present' && !test.present) return [];
    const exact = test.kind === 'value' ? test.test.exact : undefined;
    if (exact !== undefined)
      return [
        () => {
          const byValue = this.#values.get(name) ?? new Map<string, Positions>();
          this.#values.set(name, byValue);
          return placeIn(byValue, exact);
        },
      ];
    return name.startsWith(':') ? [] : [() => placeIn(this.#present, name)];
  }

  /** Lists in which no route was filed in the end cost a look-up for nothing. */
  #prune(): void {
    for (const byValue of this.#values.values()) dropEmpty(byValue);
    for (const [name, byValue] of this.#values) if (byValue.size === 0) this.#values.delete(name);
    for (const index of [this.#exactPaths, this.#prefixes, this.#present]) dropEmpty(index);
    dropEmpty(this.#grams);
  }
}

function placeIn<K>(index: Map<K, Positions>, key: K): Positions {
  const place = index.get(key) ?? [];
  index.set(key, place);
  return place;
}

function dropEmpty<K>(index: Map<K, Positions>): void {
  for (const [key, positions] of index) if (positions.length === 0) index.delete(key);
}

function gramsOf(literal: string): number[] {
  const grams: number[] = [];
  let code = 0;
  for (let i = 0; i < literal.length; i++) {
    code = (code << 8) | (literal.charCodeAt(i) & 0xff);
    if (i >= GRAM - 1) grams.push(code);
  }
  return grams;
}
